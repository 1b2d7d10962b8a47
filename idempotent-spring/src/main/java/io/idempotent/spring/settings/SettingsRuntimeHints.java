package io.idempotent.spring.settings;

import java.lang.reflect.RecordComponent;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/** Says that a native image has to keep the records of settings, which are made and joined by reflection. */
final class SettingsRuntimeHints implements RuntimeHintsRegistrar {

    @Override
    public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
        register(hints, IdempotencySettings.class);
    }

    private static void register(RuntimeHints hints, Class<?> type) {
        hints.reflection()
                .registerType(type, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS, MemberCategory.INVOKE_PUBLIC_METHODS);
        for (RecordComponent component : type.getRecordComponents()) {
            if (component.getType().isRecord()) {
                register(hints, component.getType());
            }
        }
    }
}
