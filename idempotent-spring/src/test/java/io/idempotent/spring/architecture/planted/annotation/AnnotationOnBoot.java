package io.idempotent.spring.architecture.planted.annotation;

import org.springframework.boot.SpringApplication;

/** Breaks: only the auto-configuration knows Spring Boot. */
public final class AnnotationOnBoot {

    SpringApplication dependency;
}
