package io.idempotent.spring.aot;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.weaving.woven.Counter;
import io.idempotent.spring.weaving.woven.Request;
import io.idempotent.spring.weaving.woven.Visibilities;
import org.springframework.context.annotation.AdviceMode;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.aot.AotApplicationContextInitializer;
import org.springframework.context.support.GenericApplicationContext;

/** Is intercepted by an aspect, which is woven when its classes are loaded. */
@Configuration(proxyBeanMethods = false)
@EnableIdempotency(mode = AdviceMode.ASPECTJ)
class WovenApplication {

    @Bean
    static Counter counter() {
        return new Counter();
    }

    @Bean
    static Visibilities service(Counter counter) {
        return new Visibilities(counter);
    }

    public static void main(String[] arguments) {
        try (GenericApplicationContext context = new GenericApplicationContext()) {
            AotApplicationContextInitializer.forInitializerClasses(
                            WovenApplication.class.getName() + "__ApplicationContextInitializer")
                    .initialize(context);
            context.refresh();
            Visibilities service = context.getBean(Visibilities.class);
            for (int call = 0; call < 2; call++) {
                service.publicly(new Request("woven"));
            }
            assertThat(context.getBean(Counter.class).bodies()).isEqualTo(1);
        }
    }
}
