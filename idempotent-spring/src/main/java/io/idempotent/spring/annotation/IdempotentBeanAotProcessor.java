package io.idempotent.spring.annotation;

import io.idempotent.codec.CanonicalFingerprinter;
import io.idempotent.spring.interceptor.FrameworkTypes;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.ExecutableMode;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.ReflectionHints;
import org.springframework.beans.factory.aot.BeanRegistrationAotContribution;
import org.springframework.beans.factory.aot.BeanRegistrationAotProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.RegisteredBean;
import org.springframework.core.GenericTypeResolver;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.MethodIntrospector.MetadataLookup;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.ResolvableType;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.core.annotation.MergedAnnotation;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * Says what a native image has to keep for the idempotent methods of a bean.
 *
 * <ol>
 *   <li>The method itself, which is called by reflection, and those that it is reconciled with, and that its
 *       arguments are loaded with; of the latter the type of what is recorded, too.
 *   <li>The types of its parameters and of its result, to be read by expressions, written and read as JSON, and
 *       compared field by field; what they consist of, and what is permitted for a sealed type, too.
 *   <li>How to make the failures that it records, and those that it declares.
 *   <li>The public methods of beans that its expressions name.
 * </ol>
 *
 * <p>What its body records as steps is not known.
 */
final class IdempotentBeanAotProcessor implements BeanRegistrationAotProcessor {

    // Kotlin need not be there.
    private static final String CONTINUATION = "kotlin.coroutines.Continuation";

    private static final Pattern BEAN = Pattern.compile("@(?:'([^']+)'|([\\p{L}_$][\\p{L}\\p{N}_$]*))");

    @Override
    public @Nullable BeanRegistrationAotContribution processAheadOfTime(RegisteredBean bean) {
        Class<?> type = ClassUtils.getUserClass(bean.getBeanClass());
        if (!AnnotationUtils.isCandidateClass(type, Idempotent.class)) {
            return null;
        }
        MetadataLookup<Idempotent> lookup = method -> AnnotationOperationSource.find(method, type)
                .synthesize(MergedAnnotation::isPresent)
                .orElse(null);
        Map<Method, Idempotent> methods = MethodIntrospector.selectMethods(type, lookup);
        if (methods.isEmpty()) {
            return null;
        }
        return (context, code) -> {
            Hints hints = new Hints(context.getRuntimeHints().reflection(), bean.getBeanFactory(), type);
            methods.forEach(hints::register);
        };
    }

    private static final class Hints {

        private final BindingReflectionHintsRegistrar binding = new BindingReflectionHintsRegistrar();

        private final Set<Class<?>> sealed = new HashSet<>();

        private final ReflectionHints hints;

        private final ConfigurableListableBeanFactory beanFactory;

        private final Class<?> targetClass;

        Hints(ReflectionHints hints, ConfigurableListableBeanFactory beanFactory, Class<?> targetClass) {
            this.hints = hints;
            this.beanFactory = beanFactory;
            this.targetClass = targetClass;
        }

        void register(Method method, Idempotent annotation) {
            hints.registerMethod(method, ExecutableMode.INVOKE);
            registerValue(method.getGenericReturnType());
            for (Type parameter : method.getGenericParameterTypes()) {
                registerValue(parameter);
            }
            Stream.of(annotation.recordFailures(), annotation.compensateOn())
                    .flatMap(Arrays::stream)
                    .forEach(failure -> hints.registerType(failure, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS));
            for (Class<?> failure : method.getExceptionTypes()) {
                // Made without a constructor, to ask whether the method's transaction commits on it.
                hints.registerType(failure, MemberCategory.UNSAFE_ALLOCATED);
            }
            named(annotation.reconcileWith())
                    .forEach(candidate -> hints.registerMethod(candidate, ExecutableMode.INVOKE));
            named(annotation.recover().loadWith()).forEach(candidate -> {
                hints.registerMethod(candidate, ExecutableMode.INVOKE);
                Stream.of(candidate.getGenericParameterTypes()).forEach(this::registerValue);
            });
            Stream.of(
                            annotation.key(),
                            annotation.scope(),
                            annotation.fingerprint(),
                            annotation.unless(),
                            annotation.recover().arguments())
                    .flatMap(expression -> BEAN.matcher(expression).results())
                    .map(found -> found.group(1) != null ? found.group(1) : found.group(2))
                    .forEach(this::registerBean);
        }

        private Stream<Method> named(String name) {
            return Arrays.stream(ReflectionUtils.getUniqueDeclaredMethods(targetClass))
                    .filter(candidate -> candidate.getName().equals(name));
        }

        private void registerValue(Type declared) {
            registerValue(ResolvableType.forType(GenericTypeResolver.resolveType(declared, targetClass)));
        }

        /**
         * Of an envelope, which is called for its payload, only the payload is bound, and of what gives its value later
         * only the value.
         */
        private void registerValue(ResolvableType type) {
            if (type.getType() instanceof WildcardType wildcard && wildcard.getLowerBounds().length == 1) {
                // What a suspending function returns.
                registerValue(ResolvableType.forType(wildcard.getLowerBounds()[0]));
                return;
            }
            Class<?> raw = type.toClass();
            if (raw.getName().equals(CONTINUATION)
                    || CompletionStage.class.isAssignableFrom(raw)
                    || ReactiveAdapterRegistry.getSharedInstance().getAdapter(raw) != null) {
                Stream.of(type.getGenerics()).forEach(this::registerValue);
                return;
            }
            if (raw.isPrimitive() || FrameworkTypes.isFrameworkType(raw)) {
                return;
            }
            hints.registerType(raw, MemberCategory.INVOKE_PUBLIC_METHODS);
            if (CanonicalFingerprinter.isEnvelope(raw)) {
                Stream.of(type.getGenerics()).forEach(this::registerValue);
            } else {
                bind(type.getType());
            }
        }

        /** Jackson finds the permitted types of a sealed one by itself, the binding's registrar does not. */
        private void bind(Type type) {
            binding.registerReflectionHints(hints, type);
            ReflectionHints reached = new ReflectionHints();
            binding.registerReflectionHints(reached, type);
            List<Class<?>> types = reached.typeHints()
                    .<Class<?>>map(
                            hint -> ClassUtils.resolveClassName(hint.getType().getName(), targetClass.getClassLoader()))
                    .toList();
            // The registrar keeps no fields of records.
            types.stream()
                    .filter(Class::isRecord)
                    .forEach(candidate -> hints.registerType(candidate, MemberCategory.ACCESS_DECLARED_FIELDS));
            types.stream()
                    .filter(candidate -> candidate.isSealed() && sealed.add(candidate))
                    .flatMap(candidate -> Stream.of(candidate.getPermittedSubclasses()))
                    .forEach(this::bind);
        }

        private void registerBean(String name) {
            Class<?> type = beanFactory.containsBean(name) ? beanFactory.getType(name, false) : null;
            if (type != null) {
                hints.registerType(ClassUtils.getUserClass(type), MemberCategory.INVOKE_PUBLIC_METHODS);
            }
        }
    }
}
