package io.idempotent.spring.architecture.planted.actuate;

import org.springframework.boot.SpringApplication;

/** Knows more of Spring Boot than Actuator and health. */
class ActuateOnBoot {
    SpringApplication application = new SpringApplication();
}
