package io.idempotent.spring.matrix;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.matrix.woven.WovenServices;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.AdviceMode;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;

/** How a call comes to be intercepted. */
enum Way {
    JDK_PROXY(Proxies.class, ServicesWithInterfaces.class),
    CGLIB(ClassProxies.class, ServicesWithInterfaces.class),
    INTERFACE_ANNOTATION(ClassProxies.class, AnnotatedInterfaces.class),
    COMPOSED_ANNOTATION(Proxies.class, ComposedAnnotations.class),
    PLAIN_SPRING(Proxies.class, AnnotatedClasses.class),
    BOOT(Boot.class, AnnotatedClasses.class),
    WEAVING(Weaving.class, WovenServices.class);

    private final Class<?> configuration;

    private final Class<?> services;

    Way(Class<?> configuration, Class<?> services) {
        this.configuration = configuration;
        this.services = services;
    }

    /** The service of this way that has such a name. */
    Class<?> service(String name) {
        for (Class<?> candidate : services.getDeclaredClasses()) {
            if (candidate.getSimpleName().equals(name)) {
                return candidate;
            }
        }
        throw new IllegalArgumentException(services.getSimpleName() + " has no " + name);
    }

    /** Starts an application with these beans, by this way. */
    ConfigurableApplicationContext start(Class<?>... beans) {
        if (this == BOOT) {
            return new SpringApplicationBuilder(configuration)
                    .sources(beans)
                    .web(WebApplicationType.NONE)
                    .logStartupInfo(false)
                    .properties("spring.main.banner-mode=off", "idempotent.store=caffeine")
                    .run();
        }
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.register(configuration);
        context.register(beans);
        context.refresh();
        return context;
    }

    /** Whether a bean that has advice is of the kind of proxy that this way means. */
    boolean isRightProxy(@Nullable Object bean) {
        return this == JDK_PROXY ? AopUtils.isJdkDynamicProxy(bean) : AopUtils.isCglibProxy(bean);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Proxies {}

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency(proxyTargetClass = true)
    static class ClassProxies {}

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Boot {}

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency(mode = AdviceMode.ASPECTJ)
    static class Weaving {}
}
