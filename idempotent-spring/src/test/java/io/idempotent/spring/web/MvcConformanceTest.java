package io.idempotent.spring.web;

import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;

/** The draft's rules on Spring MVC and Tomcat. */
class MvcConformanceTest extends ConformanceTest {

    @Override
    HttpServer start(String... properties) {
        return HttpServer.start(Application.class, properties);
    }

    @Configuration(proxyBeanMethods = false)
    @Import({Surroundings.class, Endpoints.class})
    static class Application {}
}
