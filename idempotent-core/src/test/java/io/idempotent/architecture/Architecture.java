package io.idempotent.architecture;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;

/** The kinds of rules that the modules' tests share. Part of this module's test-jar. */
public final class Architecture {

    private Architecture() {}

    /** What lies in a package may depend on nothing but these packages, the JDK, JSpecify and itself. */
    public static ArchRule mayDependOnly(String from, String... on) {
        String[] allowed = Stream.concat(
                        Stream.of("java..", "javax..", "jdk..", "org.jspecify..", from), Arrays.stream(on))
                .toArray(String[]::new);
        return classes()
                .that()
                .resideInAPackage(from)
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(allowed).or(isPrimitiveOrArray()))
                .as(from + " may depend on " + Arrays.toString(on) + " only");
    }

    /** Nothing outside of a package may depend on it, but for these packages. */
    public static ArchRule nobodyMayDependOn(String on, String... except) {
        String[] exempt = Stream.concat(Stream.of(on), Arrays.stream(except)).toArray(String[]::new);
        return noClasses()
                .that()
                .resideOutsideOfPackages(exempt)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(on)
                .as("nobody may depend on " + on);
    }

    /** No packages below a package depend on each other in a circle. */
    public static ArchRule noCycles(String base) {
        return slices().matching(base + ".(**)").should().beFreeOfCycles();
    }

    /**
     * No more than three classes of a package, nested ones counted with their outer ones, depend on each other in a
     * circle.
     */
    public static ArchRule noKnots(String base) {
        return classes().that().resideInAPackage(base + "..").should(new NotBeKnotted());
    }

    /** Names that say nothing, or say how instead of what, are not used. */
    public static ArchRule noEmptyNames() {
        return noClasses()
                .should()
                .haveSimpleNameEndingWith("Impl")
                .orShould()
                .haveNameMatching(".*(Manager|Helper|Utils?)$")
                .orShould()
                .haveNameMatching(".*\\.(Base|I)[A-Z][a-z].*");
    }

    /** Virtual threads must not be pinned by monitors around I/O. */
    public static ArchRule noSynchronizedMethods() {
        return methods().should().notHaveModifier(JavaModifier.SYNCHRONIZED);
    }

    /** Null has to be marked: every package says so. */
    public static ArchRule everyPackageIsNullMarked() {
        return classes().should(new ArchCondition<>("lie in a package that is @NullMarked") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                if (!type.getPackage().isAnnotatedWith(NullMarked.class)) {
                    events.add(SimpleConditionEvent.violated(type, type.getPackageName() + " is not @NullMarked"));
                }
            }
        });
    }

    /** How many violations a rule finds. */
    public static int violations(ArchRule rule, JavaClasses classes) {
        return rule.allowEmptyShould(true)
                .evaluate(classes)
                .getFailureReport()
                .getDetails()
                .size();
    }

    private static DescribedPredicate<JavaClass> isPrimitiveOrArray() {
        return DescribedPredicate.describe(
                "primitive or array",
                type -> type.isPrimitive() || type.getBaseComponentType().isPrimitive());
    }
}
