package io.idempotent.spring.architecture.planted.web;

import jakarta.servlet.Filter;

/** Breaks: what all stacks share does not need a servlet container. */
public final class WebOnServletApi {

    Filter dependency;
}
