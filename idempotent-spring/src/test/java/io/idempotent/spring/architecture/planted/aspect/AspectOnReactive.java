package io.idempotent.spring.architecture.planted.aspect;

import io.idempotent.spring.architecture.planted.reactive.ReactiveOnTransaction;

/** Breaks: Reactor is optional, and nobody depends on what knows it. */
public final class AspectOnReactive {

    ReactiveOnTransaction dependency;
}
