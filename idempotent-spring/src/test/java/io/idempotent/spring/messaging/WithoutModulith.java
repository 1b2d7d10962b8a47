package io.idempotent.spring.messaging;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.AutoConfigurationImportFilter;
import org.springframework.boot.autoconfigure.AutoConfigurationMetadata;

/**
 * Keeps Spring Modulith, which is on the class path of all tests, out of the applications that Spring Boot configures.
 * It would replace their event multicasters. {@link OutboxApplication} imports it by name.
 */
final class WithoutModulith implements AutoConfigurationImportFilter {

    @Override
    public boolean[] match(@Nullable String[] autoConfigurations, AutoConfigurationMetadata metadata) {
        boolean[] matches = new boolean[autoConfigurations.length];
        for (int index = 0; index < matches.length; index++) {
            String name = autoConfigurations[index];
            matches[index] = name == null || !name.startsWith("org.springframework.modulith.");
        }
        return matches;
    }
}
