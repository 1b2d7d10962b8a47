package io.idempotent.architecture;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds knots: more than three classes of one package each of which depends, directly or through the others, on all of
 * them. Nested classes count as parts of their outermost class.
 */
final class NotBeKnotted extends ArchCondition<JavaClass> {

    private static final int LARGEST_ALLOWED = 3;

    private final Map<String, Set<String>> dependencies = new HashMap<>();
    private final Map<String, JavaClass> types = new HashMap<>();

    NotBeKnotted() {
        super("not be tied into a knot of more than " + LARGEST_ALLOWED + " classes of one package");
    }

    @Override
    public void init(Collection<JavaClass> all) {
        for (JavaClass type : all) {
            String from = outermost(type);
            types.putIfAbsent(from, type);
            Set<String> on = dependencies.computeIfAbsent(from, unused -> new HashSet<>());
            type.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                    .filter(target -> target.getPackageName().equals(type.getPackageName()))
                    .map(NotBeKnotted::outermost)
                    .forEach(on::add);
        }
    }

    @Override
    public void check(JavaClass type, ConditionEvents events) {
        // Each knot is told once, when all classes are known.
    }

    @Override
    public void finish(ConditionEvents events) {
        Map<String, Set<String>> reachable = new HashMap<>();
        dependencies.keySet().forEach(type -> reachable.put(type, reachableFrom(type)));
        Set<Set<String>> told = new HashSet<>();
        reachable.forEach((type, others) -> {
            Set<String> knot = new TreeSet<>(others);
            knot.removeIf(other -> !reachable.getOrDefault(other, Set.of()).contains(type));
            if (knot.size() > LARGEST_ALLOWED && told.add(knot)) {
                events.add(SimpleConditionEvent.violated(types.get(type), "These depend on each other: " + knot));
            }
        });
    }

    private Set<String> reachableFrom(String type) {
        Set<String> seen = new HashSet<>();
        Deque<String> next = new ArrayDeque<>(dependencies.get(type));
        while (!next.isEmpty()) {
            String other = next.pop();
            if (seen.add(other)) {
                next.addAll(dependencies.getOrDefault(other, Set.of()));
            }
        }
        return seen;
    }

    private static String outermost(JavaClass type) {
        JavaClass outer = type;
        while (outer.getEnclosingClass().isPresent()) {
            outer = outer.getEnclosingClass().get();
        }
        return outer.getName();
    }
}
