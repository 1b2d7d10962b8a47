package io.idempotent.spring.architecture.planted.aspect;

import io.idempotent.spring.architecture.planted.autoconfigure.AutoconfigureHelper;

/** Breaks: nobody depends on the auto-configuration. */
public final class AspectOnAutoconfigure {

    AutoconfigureHelper dependency;
}
