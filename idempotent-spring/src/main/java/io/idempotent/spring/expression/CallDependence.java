package io.idempotent.spring.expression;

import io.idempotent.spring.interceptor.KeyTypes;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.time.Clock;
import java.time.InstantSource;
import java.time.LocalDate;
import java.time.MonthDay;
import java.time.Year;
import java.time.YearMonth;
import java.util.Calendar;
import java.util.Date;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.BeanReference;
import org.springframework.expression.spel.ast.CompoundExpression;
import org.springframework.expression.spel.ast.ConstructorReference;
import org.springframework.expression.spel.ast.MethodReference;
import org.springframework.expression.spel.ast.PropertyOrFieldReference;
import org.springframework.expression.spel.ast.TypeReference;
import org.springframework.expression.spel.ast.VariableReference;
import org.springframework.util.ClassUtils;
import org.springframework.util.IdGenerator;
import org.springframework.util.ReflectionUtils;

/**
 * Tells whether the value of an expression depends on the call, and whether it is another one when the call is
 * repeated.
 *
 * <p>A bean's method and a static method may look at what belongs to the thread, the caller say, and so depend on the
 * call even without arguments. What is random, or the time to a second or less, is never the same twice.
 */
final class CallDependence {

    private static final Set<Class<?>> COARSE = Set.of(LocalDate.class, MonthDay.class, Year.class, YearMonth.class);

    private static final Set<String> TIMES = Set.of("now", "nanotime", "currenttimemillis");

    private final Function<String, Class<?>> types;

    private final Function<String, @Nullable Class<?>> beanTypes;

    /**
     * Looks at expressions.
     *
     * @param types finds a class by its name
     * @param beanTypes tells the class of a bean
     */
    CallDependence(Function<String, Class<?>> types, Function<String, @Nullable Class<?>> beanTypes) {
        this.types = types;
        this.beanTypes = beanTypes;
    }

    /** Whether calls may have different values. */
    boolean varies(SpelNode node) {
        if (node instanceof VariableReference
                || node instanceof BeanReference
                || node instanceof ConstructorReference) {
            return true;
        }
        if (node instanceof MethodReference method) {
            return !method.getName().equals("getMethod");
        }
        if (node instanceof PropertyOrFieldReference property) {
            return !property.getName().equals("method");
        }
        if (node instanceof CompoundExpression) {
            return startVaries(node.getChild(0), node.getChild(1)) || laterVaries(node);
        }
        return childVaries(node);
    }

    private boolean startVaries(SpelNode start, SpelNode next) {
        if (start instanceof VariableReference variable
                && variable.toStringAST().equals("#" + Variables.ROOT)) {
            return varies(next);
        }
        if (start instanceof TypeReference type) {
            Class<?> found = type(type);
            if (next instanceof PropertyOrFieldReference property) {
                Field field = ReflectionUtils.findField(found, property.getName());
                return field == null || !Modifier.isFinal(field.getModifiers()) || !KeyTypes.mayBeKey(field.getType());
            }
            return !ClassUtils.isPrimitiveWrapper(found) && found != String.class && found != Class.class;
        }
        return varies(start);
    }

    /** What follows depends on the call only by its arguments. */
    private boolean laterVaries(SpelNode compound) {
        for (int index = 1; index < compound.getChildCount(); index++) {
            if (childVaries(compound.getChild(index))) {
                return true;
            }
        }
        return false;
    }

    private boolean childVaries(SpelNode node) {
        for (int index = 0; index < node.getChildCount(); index++) {
            if (varies(node.getChild(index))) {
                return true;
            }
        }
        return false;
    }

    /** The part of an expression that is another one whenever it is asked for; null if there is none. */
    @Nullable
    String findUnrepeatable(SpelNode node) {
        if (node instanceof CompoundExpression
                && node.getChild(1) instanceof MethodReference method
                && isUnrepeatable(node.getChild(0), method.getName())) {
            return node.getChild(0).toStringAST() + "." + method.toStringAST();
        }
        if (node instanceof ConstructorReference && isUnrepeatable(node)) {
            return node.toStringAST();
        }
        for (int index = 0; index < node.getChildCount(); index++) {
            String found = findUnrepeatable(node.getChild(index));
            if (found != null) {
                return found;
            }
        }
        return null;
    }

    private boolean isUnrepeatable(SpelNode owner, String method) {
        if (owner instanceof TypeReference reference) {
            Class<?> type = type(reference);
            String name = method.toLowerCase(Locale.ROOT);
            boolean platform = type.getName().startsWith("java.");
            return (platform && TIMES.contains(name) && !COARSE.contains(type))
                    || name.startsWith("random")
                    || (platform && type.getSimpleName().startsWith("Random"))
                    || Calendar.class.isAssignableFrom(type)
                    || isGenerator(type);
        }
        Class<?> bean = owner instanceof BeanReference ? beanTypes.apply(beanName(owner)) : null;
        return bean != null && isGenerator(bean);
    }

    private boolean isUnrepeatable(SpelNode constructor) {
        Class<?> type = types.apply(constructor.getChild(0).toStringAST());
        boolean ofNow = Date.class.isAssignableFrom(type) || Calendar.class.isAssignableFrom(type);
        return (ofNow && constructor.getChildCount() == 1)
                || (isGenerator(type) && (type != Random.class || constructor.getChildCount() == 1));
    }

    private static boolean isGenerator(Class<?> type) {
        return RandomGenerator.class.isAssignableFrom(type)
                || IdGenerator.class.isAssignableFrom(type)
                || Clock.class.isAssignableFrom(type)
                || InstantSource.class.isAssignableFrom(type);
    }

    private Class<?> type(TypeReference reference) {
        return types.apply(reference.getChild(0).toStringAST().replace("'", ""));
    }

    /** The name of the bean that is referred to. */
    static String beanName(SpelNode reference) {
        return reference.toStringAST().replaceAll("^[@&]|'", "");
    }
}
