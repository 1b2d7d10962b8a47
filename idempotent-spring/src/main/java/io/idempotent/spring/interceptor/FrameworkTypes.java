package io.idempotent.spring.interceptor;

import java.lang.annotation.Annotation;
import java.security.Principal;
import java.time.ZoneId;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.AnnotatedMethod;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;

/**
 * Knows the parameters that a framework fills in, and which so say nothing of the request itself: handles on what is
 * going on, and headers, which are added anew on each delivery or request. What holds the request's content, an
 * uploaded file or a message say, is not among them: its content counts.
 */
public final class FrameworkTypes {

    private static final List<String> PACKAGES = List.of(
            "org.springframework.http.server.",
            "org.springframework.messaging.simp.",
            "org.springframework.ui.",
            "org.springframework.validation.",
            "org.springframework.web.bind.",
            "org.springframework.web.context.request.",
            "org.springframework.web.servlet.",
            "org.springframework.web.util.");

    /** Subtypes included. */
    private static final Set<String> TYPES = Set.of(
            "jakarta.servlet.ServletRequest",
            "jakarta.servlet.ServletResponse",
            "jakarta.servlet.http.HttpSession",
            "jakarta.servlet.http.PushBuilder",
            "jakarta.ws.rs.core.HttpHeaders",
            "jakarta.ws.rs.core.Request",
            "jakarta.ws.rs.core.SecurityContext",
            "jakarta.ws.rs.core.UriInfo",
            "jakarta.jms.Session",
            "com.rabbitmq.client.Channel",
            "kotlin.coroutines.Continuation",
            "graphql.GraphQLContext",
            "graphql.schema.DataFetchingEnvironment",
            "graphql.schema.DataFetchingFieldSelectionSet",
            "io.awspring.cloud.sqs.listener.QueueAttributes",
            "io.awspring.cloud.sqs.listener.Visibility",
            "io.awspring.cloud.sqs.listener.acknowledgement.Acknowledgement",
            "io.awspring.cloud.sqs.listener.acknowledgement.BatchAcknowledgement",
            "org.apache.kafka.clients.consumer.Consumer",
            "org.apache.pulsar.client.api.Consumer",
            "org.quartz.JobExecutionContext",
            "org.springframework.amqp.core.MessageProperties",
            "org.springframework.http.HttpHeaders",
            "org.springframework.http.HttpMethod",
            "org.springframework.kafka.listener.adapter.ConsumerRecordMetadata",
            "org.springframework.kafka.support.Acknowledgment",
            "org.springframework.messaging.MessageHeaders",
            "org.springframework.messaging.support.MessageHeaderAccessor",
            "org.springframework.pulsar.listener.Acknowledgement",
            "org.springframework.security.core.context.SecurityContext",
            "org.springframework.security.web.csrf.CsrfToken",
            "org.springframework.web.server.ServerWebExchange",
            "org.springframework.web.server.WebSession");

    /** On parameters that are headers, or of the session, the principal or the context, whatever their types. */
    private static final List<String> ANNOTATIONS = List.of(
            "jakarta.ws.rs.CookieParam",
            "jakarta.ws.rs.HeaderParam",
            "jakarta.ws.rs.core.Context",
            "org.springframework.graphql.data.method.annotation.ContextValue",
            "org.springframework.graphql.data.method.annotation.LocalContextValue",
            "org.springframework.messaging.handler.annotation.Header",
            "org.springframework.messaging.handler.annotation.Headers",
            "org.springframework.security.core.annotation.AuthenticationPrincipal",
            "org.springframework.security.core.annotation.CurrentSecurityContext",
            "org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient",
            "org.springframework.web.bind.annotation.CookieValue",
            "org.springframework.web.bind.annotation.RequestAttribute",
            "org.springframework.web.bind.annotation.RequestHeader",
            "org.springframework.web.bind.annotation.SessionAttribute");

    /** Of whose methods these parameters are a header's: values elsewhere. */
    private static final String HANDLER = "org.springframework.web.bind.annotation.RequestMapping";

    private static final List<Class<?>> OF_HANDLERS = List.of(Locale.class, TimeZone.class, ZoneId.class);

    // An application has many more parameters than types of them.
    private static final ClassValue<Boolean> KNOWN = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
            return Principal.class.isAssignableFrom(type)
                    || PACKAGES.stream().anyMatch(type.getName()::startsWith)
                    || isOneOf(type);
        }
    };

    private FrameworkTypes() {}

    /** Whether a parameter of a method is filled in by a framework, annotations of overridden methods included. */
    static boolean isFilledIn(AnnotatedMethod method, int index, Class<?> type) {
        if (isFrameworkType(type)) {
            return true;
        }
        Annotation[] present = method.getMethodParameters()[index].getParameterAnnotations();
        if (present.length == 0) {
            return OF_HANDLERS.contains(type)
                    && MergedAnnotations.from(method.getMethod(), SearchStrategy.TYPE_HIERARCHY)
                            .isPresent(HANDLER);
        }
        MergedAnnotations annotations = MergedAnnotations.from(present);
        return ANNOTATIONS.stream().anyMatch(annotations::isPresent);
    }

    /** Whether a parameter of a type is filled in by a framework, whatever its method. */
    public static boolean isFrameworkType(Class<?> type) {
        return KNOWN.get(type);
    }

    private static boolean isOneOf(@Nullable Class<?> type) {
        if (type == null) {
            return false;
        }
        if (TYPES.contains(type.getName()) || isOneOf(type.getSuperclass())) {
            return true;
        }
        for (Class<?> parent : type.getInterfaces()) {
            if (isOneOf(parent)) {
                return true;
            }
        }
        return false;
    }
}
