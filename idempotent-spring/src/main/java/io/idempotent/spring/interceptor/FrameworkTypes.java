package io.idempotent.spring.interceptor;

import java.security.Principal;
import java.util.List;
import java.util.Set;

/**
 * Knows the types of parameters that a framework fills in, and which so say nothing of the request itself. Those whose
 * content is the request's, an uploaded file or a message say, are not among them.
 */
final class FrameworkTypes {

    private static final List<String> PACKAGES = List.of(
            "org.springframework.ui.",
            "org.springframework.validation.",
            "org.springframework.web.bind.",
            "org.springframework.web.context.request.",
            "org.springframework.web.servlet.",
            "org.springframework.web.util.");

    private static final Set<String> TYPES = Set.of(
            "jakarta.servlet.ServletRequest",
            "jakarta.servlet.ServletResponse",
            "jakarta.servlet.http.HttpServletRequest",
            "jakarta.servlet.http.HttpServletResponse",
            "jakarta.servlet.http.HttpSession",
            "jakarta.ws.rs.core.HttpHeaders",
            "jakarta.ws.rs.core.Request",
            "jakarta.ws.rs.core.SecurityContext",
            "jakarta.ws.rs.core.UriInfo",
            "org.springframework.security.core.Authentication",
            "org.springframework.kafka.support.Acknowledgment",
            "org.apache.kafka.clients.consumer.Consumer",
            "com.rabbitmq.client.Channel",
            "jakarta.jms.Session");

    private FrameworkTypes() {}

    static boolean isFrameworkType(Class<?> type) {
        String name = type.getName();
        return Principal.class.isAssignableFrom(type)
                || TYPES.contains(name)
                || PACKAGES.stream().anyMatch(name::startsWith);
    }
}
