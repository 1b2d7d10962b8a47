package io.idempotent.spring.expression;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.codec.GenericTypes;
import io.idempotent.spring.interceptor.CallExpression;
import io.idempotent.spring.interceptor.CallExpressions;
import io.idempotent.spring.interceptor.IdempotentCall;
import io.idempotent.spring.interceptor.KeyTypes;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.expression.BeanFactoryResolver;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.ParameterNameDiscoverer;
import org.springframework.core.ResolvableType;
import org.springframework.expression.EvaluationContext;
import org.springframework.expression.EvaluationException;
import org.springframework.expression.ParseException;
import org.springframework.expression.spel.SpelNode;
import org.springframework.expression.spel.ast.BeanReference;
import org.springframework.expression.spel.ast.CompoundExpression;
import org.springframework.expression.spel.ast.FunctionReference;
import org.springframework.expression.spel.ast.Indexer;
import org.springframework.expression.spel.ast.InlineList;
import org.springframework.expression.spel.ast.InlineMap;
import org.springframework.expression.spel.ast.MethodReference;
import org.springframework.expression.spel.ast.Projection;
import org.springframework.expression.spel.ast.PropertyOrFieldReference;
import org.springframework.expression.spel.ast.Selection;
import org.springframework.expression.spel.ast.VariableReference;
import org.springframework.expression.spel.standard.SpelExpression;
import org.springframework.expression.spel.support.StandardEvaluationContext;
import org.springframework.expression.spel.support.StandardTypeLocator;

/**
 * Parses expressions of the Spring Expression Language over calls.
 *
 * <ol>
 *   <li>Every variable has to be a parameter, {@code #root}, or {@code #result} where there is one; every bean has to
 *       exist.
 *   <li>A key depends on the call; no key, scope or fingerprint is random, or the time.
 *   <li>Properties and methods of types that cannot have others are there, and a key is of a type that can be one.
 *   <li>An argument itself, {@code #id}, is read without parsing anything: it is what most keys are.
 *   <li>A list {@code {a, b}} is taken apart, since Spring compiles its elements but not the list.
 * </ol>
 */
public final class SpelCallExpressions implements CallExpressions {

    private final ParameterNameDiscoverer parameterNames = new DefaultParameterNameDiscoverer();

    private final ConfigurableListableBeanFactory beanFactory;

    private final EvaluationContext shared;

    /** Makes the parser. Expressions refer to the beans of this factory. */
    public SpelCallExpressions(ConfigurableListableBeanFactory beanFactory) {
        this.beanFactory = beanFactory;
        StandardEvaluationContext context = new StandardEvaluationContext();
        context.setBeanResolver(new BeanFactoryResolver(beanFactory));
        context.setTypeLocator(new StandardTypeLocator(beanFactory.getBeanClassLoader()));
        this.shared = context;
    }

    @Override
    public CallExpression parse(Purpose purpose, String text, Method method, Class<?> targetClass) {
        String[] names = parameterNames.getParameterNames(method);
        Check check = new Check(purpose, text, method, targetClass, Variables.of(method, names), names != null);
        CallExpression argument = check.argument(text, false);
        if (argument != null) {
            return argument;
        }
        SpelExpression parsed;
        try {
            parsed = SpelCallExpression.PARSER.parseRaw(text);
        } catch (ParseException | IllegalStateException failure) {
            throw invalid(
                    purpose,
                    text,
                    method,
                    targetClass,
                    "cannot be parsed: " + failure.getMessage(),
                    "Correct it",
                    failure);
        }
        SpelNode root = parsed.getAST();
        check.dependence(root);
        if (root instanceof InlineList list && !list.isConstant()) {
            List<String> texts = ListText.elements(text);
            if (texts.size() == list.getChildCount()) {
                List<CallExpression> elements = new ArrayList<>();
                for (int index = 0; index < texts.size(); index++) {
                    CallExpression element = check.argument(texts.get(index).trim(), true);
                    elements.add(
                            element != null
                                    ? element
                                    : check.expression(
                                            list.getChild(index),
                                            SpelCallExpression.PARSER.parseRaw(texts.get(index)),
                                            true));
                }
                return new Elements(List.copyOf(elements));
            }
        }
        return check.expression(root, parsed, false);
    }

    private static IdempotencyConfigurationException invalid(
            Purpose purpose,
            String text,
            Method method,
            Class<?> targetClass,
            String problem,
            String action,
            @Nullable Throwable cause) {
        return new IdempotencyConfigurationException(
                "The expression " + purpose.attribute() + " = \"" + text + "\" of " + targetClass.getName() + "."
                        + method.getName() + " " + problem,
                action,
                cause);
    }

    /** An argument as it is. */
    private record Argument(int index) implements CallExpression {

        @Override
        public @Nullable Object evaluate(IdempotentCall call, @Nullable Object result) {
            return call.arguments()[index];
        }
    }

    /** A list of expressions: its value is the list of their values. */
    private record Elements(List<CallExpression> elements) implements CallExpression {

        @Override
        public Object evaluate(IdempotentCall call, @Nullable Object result) {
            List<@Nullable Object> values = new ArrayList<>(elements.size());
            for (CallExpression element : elements) {
                values.add(element.evaluate(call, result));
            }
            return values;
        }
    }

    /** Where a name stands in an expression, and so what it is a name in. */
    private enum Place {
        /** In the root. */
        ROOT,
        /** In what stands before it. */
        CHAINED,
        /** In an element of a collection, or as a key. */
        ELEMENT
    }

    /** Checks what one expression names. */
    private final class Check {

        private final Purpose purpose;
        private final String text;
        private final Method method;
        private final Class<?> targetClass;
        private final Variables variables;
        private final boolean namesKnown;

        Check(
                Purpose purpose,
                String text,
                Method method,
                Class<?> targetClass,
                Variables variables,
                boolean namesKnown) {
            this.purpose = purpose;
            this.text = text;
            this.method = method;
            this.targetClass = targetClass;
            this.variables = variables;
            this.namesKnown = namesKnown;
        }

        /** Refuses what says nothing of the call, or never says the same again. */
        void dependence(SpelNode node) {
            if (purpose == Purpose.UNLESS || purpose == Purpose.RECOVER) {
                return;
            }
            CallDependence dependence = new CallDependence(this::type, this::beanType);
            String unrepeatable = dependence.findUnrepeatable(node);
            if (unrepeatable != null) {
                throw refused(
                        "has another value for each repetition of a call, by " + unrepeatable
                                + ": no repetition would be recognized",
                        "Use what stays the same when the call is repeated: an argument, a property of one, or the day,"
                                + " T(java.time.LocalDate).now()");
            }
            if (purpose == Purpose.KEY && !dependence.varies(node)) {
                throw refused(
                        "is the same for all calls: each would be answered by the outcome of the first",
                        "Use what tells calls apart: an argument, #p0 say, or a property of one");
            }
        }

        private Class<?> type(String name) {
            try {
                return shared.getTypeLocator().findType(name);
            } catch (EvaluationException failure) {
                throw refused("names the type " + name + ", which there is not", "Correct it; write its package too");
            }
        }

        private @Nullable Class<?> beanType(String name) {
            return beanFactory.containsBean(name) ? beanFactory.getType(name, false) : null;
        }

        private @Nullable ResolvableType variableType(String name) {
            int index = variables.index(name);
            return index < 0 ? null : ResolvableType.forType(parameterType(index));
        }

        private Type parameterType(int index) {
            return GenericTypes.resolve(method.getGenericParameterTypes()[index], targetClass);
        }

        /** The argument that a text names; null if it is anything else, {@code #a.b} say. */
        @Nullable
        CallExpression argument(String text, boolean element) {
            String name = text.startsWith("#") ? text.substring(1) : "";
            int index = name.equals(Variables.ROOT) ? -1 : variables.index(name);
            if (index < 0) {
                return null;
            }
            checkKind(GenericTypes.erase(parameterType(index)), element);
            return new Argument(index);
        }

        private void checkTypes(SpelNode node, boolean element) {
            ExpressionTypes types = new ExpressionTypes(this::variableType);
            ExpressionTypes.Missing missing = types.findMissing(node);
            if (missing != null) {
                throw refused(
                        "names '" + missing.name() + "', which "
                                + missing.type().getName() + " has not",
                        (missing.nearest() == null ? "" : "Did you mean '" + missing.nearest() + "'? ") + "Known are "
                                + missing.known());
            }
            ResolvableType type = types.of(node);
            if (type != null) {
                checkKind(type.toClass(), element);
            }
        }

        private void checkKind(Class<?> type, boolean element) {
            boolean text = purpose == Purpose.KEY || purpose == Purpose.SCOPE;
            boolean list = purpose == Purpose.KEY && !element && List.class.isAssignableFrom(type);
            if (text && !list && !KeyTypes.mayBeKey(type)) {
                throw refused(
                        "is of type " + type.getTypeName()
                                + ", whose text need not be the same for equal values and another for others",
                        "Use one of its properties, or a list of several: {#a, #b}");
            }
        }

        CallExpression expression(SpelNode node, SpelExpression expression, boolean element) {
            List<String> named = new ArrayList<>();
            boolean usesRoot = collect(node, named, Place.ROOT);
            checkTypes(node, element);
            Variables used = variables.naming(named, usesRoot);
            boolean typesFinal = used.used().allMatch(index -> isFinal(method.getParameterTypes()[index]))
                    && !named.contains(Variables.RESULT);
            return new SpelCallExpression(expression, used, typesFinal, shared, beanFactory.getBeanClassLoader());
        }

        /** Collects the variables that a node names; tells whether it needs the root. */
        private boolean collect(SpelNode node, List<String> named, Place place) {
            boolean usesRoot = false;
            if (node instanceof FunctionReference function) {
                throw refused("calls a function, " + function.toStringAST(), "Call a method of a bean, @bean.method()");
            }
            if (node instanceof VariableReference variable) {
                String name = variable.toStringAST().substring(1);
                usesRoot = name.equals(Variables.ROOT) || name.equals(Variables.THIS);
                if (!usesRoot) {
                    checkVariable(name);
                    named.add(name);
                }
            } else if (node instanceof BeanReference bean) {
                checkBean(bean);
            } else if (place == Place.ROOT && node instanceof PropertyOrFieldReference property) {
                checkProperty(property);
                usesRoot = true;
            } else if (place == Place.ROOT && node instanceof MethodReference) {
                usesRoot = true;
            }
            if (node instanceof CompoundExpression && isRoot(node.getChild(0))) {
                checkRootProperty(node.getChild(1));
            }
            for (int index = 0; index < node.getChildCount(); index++) {
                usesRoot |= collect(node.getChild(index), named, place(node, index, place));
            }
            return usesRoot;
        }

        private static Place place(SpelNode parent, int index, Place place) {
            if (parent instanceof CompoundExpression && index > 0) {
                return Place.CHAINED;
            }
            boolean key = parent instanceof Indexer || (parent instanceof InlineMap && index % 2 == 0);
            if (key || parent instanceof Projection || parent instanceof Selection) {
                return Place.ELEMENT;
            }
            return place == Place.ELEMENT ? Place.ELEMENT : Place.ROOT;
        }

        private void checkVariable(String name) {
            if (name.equals(Variables.RESULT) && variables.index(name) < 0) {
                if (purpose != Purpose.UNLESS) {
                    throw refused("names #result, which there is not before the method ran", "Use it in unless only");
                }
            } else if (variables.index(name) < 0) {
                throw refused(
                        "names #" + name + ", which is no parameter of the method",
                        namesKnown
                                ? "Known are " + variables.names() + " and #root"
                                : "The names of parameters are not known, since the class was compiled without"
                                        + " -parameters: compile it so, or use #p0");
            }
        }

        private void checkBean(BeanReference bean) {
            String name = CallDependence.beanName(bean);
            if (!beanFactory.containsBean(name)) {
                throw refused(
                        "names the bean @" + name + ", which there is not", "Declare the bean, or correct its name");
            }
        }

        private static boolean isRoot(SpelNode node) {
            return node instanceof VariableReference
                    && node.toStringAST().substring(1).equals(Variables.ROOT);
        }

        private void checkRootProperty(SpelNode node) {
            if (node instanceof PropertyOrFieldReference property) {
                checkProperty(property);
            }
        }

        private void checkProperty(PropertyOrFieldReference property) {
            String name = property.getName();
            if (!List.of("args", "method", "target").contains(name)) {
                throw refused(
                        "names '" + name + "', which is no property of #root",
                        variables.index(name) >= 0
                                ? "Write #" + name + " for the parameter"
                                : "Known are " + variables.names() + " and #root.args, #root.method and #root.target");
            }
        }

        private IdempotencyConfigurationException refused(String problem, String action) {
            return invalid(purpose, text, method, targetClass, problem, action, null);
        }

        private boolean isFinal(Class<?> type) {
            return type.isPrimitive() || Modifier.isFinal(type.getModifiers());
        }
    }
}
