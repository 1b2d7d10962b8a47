package io.idempotent.spring.settings;

import org.jspecify.annotations.Nullable;

/** What holds where nothing is said. Binders give null then, whatever a component's type says. */
final class Defaults {

    private Defaults() {}

    static <T> T or(@Nullable T said, T otherwise) {
        return said == null ? otherwise : said;
    }

    static @Nullable String notBlank(@Nullable String said) {
        return said == null || said.isBlank() ? null : said;
    }
}
