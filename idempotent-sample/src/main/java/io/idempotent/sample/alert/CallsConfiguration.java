package io.idempotent.sample.alert;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** Sends evaluations and alerts by calling who gets them. */
@Configuration(proxyBeanMethods = false)
@Profile("!kafka")
class CallsConfiguration {

    @Bean
    static EvaluationSender evaluationSender(EvaluationReceiver receiver) {
        return receiver::receive;
    }

    @Bean
    static AlertSender alertSender(Pager pager) {
        return pager::page;
    }
}
