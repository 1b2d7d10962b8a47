package io.idempotent.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import io.idempotent.OnOneJdk;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The rules of this module, on its own classes and on classes that break each of them. */
@OnOneJdk("the classes are those of the one compiler")
class CoreArchitectureTest {

    private static final JavaClasses OURS = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.idempotent");

    private static final JavaClasses PLANTED =
            new ClassFileImporter().importPackages("io.idempotent.architecture.planted");

    static Stream<ArchRule> ours() {
        return rules("io.idempotent");
    }

    static Stream<ArchRule> planted() {
        return rules("io.idempotent.architecture.planted");
    }

    @ParameterizedTest
    @MethodSource("ours")
    void thisModuleKeepsTheRule(ArchRule rule) {
        rule.check(OURS);
    }

    @ParameterizedTest
    @MethodSource("planted")
    void aPlantedViolationBreaksTheRule(ArchRule rule) {
        assertThat(Architecture.violations(rule, PLANTED)).isPositive();
    }

    private static Stream<ArchRule> rules(String base) {
        String store = base + ".store";
        String stores = base + ".store.*";
        String codec = base + ".codec";
        String engine = base + ".engine";
        return Stream.of(
                Architecture.mayDependOnly(base),
                Architecture.mayDependOnly(store, base),
                Architecture.mayDependOnly(base + ".store.caffeine", store, base, "com.github.benmanes.caffeine.."),
                Architecture.mayDependOnly(base + ".store.jdbc", store, base),
                Architecture.mayDependOnly(stores, store, base, "com.github.benmanes.caffeine.."),
                Architecture.mayDependOnly(codec, base, "tools.jackson..", "com.fasterxml.jackson.annotation.."),
                Architecture.mayDependOnly(engine, store, codec, base),
                Architecture.nobodyMayDependOn(engine),
                Architecture.noCycles(base),
                Architecture.noKnots(base),
                Architecture.noEmptyNames(),
                Architecture.noSynchronizedMethods(),
                Architecture.everyPackageIsNullMarked());
    }
}
