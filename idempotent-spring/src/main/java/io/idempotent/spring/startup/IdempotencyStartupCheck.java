package io.idempotent.spring.startup;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import io.idempotent.spring.interceptor.IdempotencySupport;
import io.idempotent.spring.interceptor.ProtectedMethod;
import io.idempotent.spring.operation.AnnotatedMethods;
import io.idempotent.spring.operation.MethodNames;
import io.idempotent.spring.operation.OperationDeclarer;
import io.idempotent.spring.operation.OperationDeclarer.DeclaredOperation;
import io.idempotent.spring.operation.OperationName;
import io.idempotent.spring.operation.OperationRegistry;
import io.idempotent.spring.operation.OperationSource;
import io.idempotent.spring.operation.PartialApplication;
import io.idempotent.spring.settings.GlobalSettings.UnknownOperations;
import io.idempotent.spring.settings.IdempotencySettings;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.Advisor;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.scope.ScopedProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.FactoryBean;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;
import org.springframework.util.ClassUtils;

/**
 * Checks each idempotent method of each bean when all singletons are made, lazy and scoped beans by their types, so
 * that what cannot be protected stops the application instead of running bare.
 *
 * <ol>
 *   <li>The interception must reach the method: it is neither static nor a factory method for beans; under a proxy it
 *       can be overridden, or is one of the proxy's interfaces; woven, it carries the annotation itself, its class is
 *       woven, and it neither retries inside of a proxy's transaction nor runs more than once after it returned.
 *   <li>A bean that exists must have been intercepted: one that was made before the proxies' creator was not. A mock
 *       need not be, and an object that was registered as it is cannot be, which is said.
 *   <li>The declaration is resolved like at the first call: expressions, settings, store, types, retry.
 *   <li>A name stands for one method of one bean, unless it was declared for all of them, and none is recovered.
 *   <li>Whatever else declares operations has the same done for them by itself.
 *   <li>No settings are left over that belong to no operation, unless only a part of the application is there: in a
 *       slice of it, or with mocks of its beans.
 * </ol>
 */
public final class IdempotencyStartupCheck implements SmartInitializingSingleton {

    /** How calls are intercepted. */
    public enum Interception {
        /** By Spring's proxies. */
        PROXY,
        /** By an aspect woven into the classes. */
        WEAVING
    }

    private static final Log LOG = LogFactory.getLog(IdempotencyStartupCheck.class);

    private static final String BEAN_ANNOTATION = "org.springframework.context.annotation.Bean";

    // The bean name that org.springframework.transaction.config.TransactionManagementConfigUtils gives to it.
    private static final String TRANSACTION_ADVISOR =
            "org.springframework.transaction.config.internalTransactionAdvisor";

    private static final Set<String> TRANSACTIONAL =
            Set.of("org.springframework.transaction.annotation.Transactional", "jakarta.transaction.Transactional");

    private static final Set<String> OUTER_RETRIES = Set.of(
            "org.springframework.resilience.annotation.Retryable", "org.springframework.retry.annotation.Retryable");

    private final ConfigurableListableBeanFactory beanFactory;
    private final OperationSource source;
    private final OperationRegistry operations;
    private final IdempotencySupport support;
    private final Interception interception;
    private final ProxyKind proxyKind;
    private final @Nullable EarlyBeanGuard guard;

    /**
     * Makes the check.
     *
     * @param guard knows which beans the factory made; null where classes are woven, and it does not matter
     */
    IdempotencyStartupCheck(
            ConfigurableListableBeanFactory beanFactory,
            OperationSource source,
            OperationRegistry operations,
            IdempotencySupport support,
            Interception interception,
            @Nullable EarlyBeanGuard guard) {
        this.guard = guard;
        this.beanFactory = beanFactory;
        this.source = source;
        this.operations = operations;
        this.support = support;
        this.interception = interception;
        this.proxyKind = new ProxyKind(beanFactory);
    }

    @Override
    public void afterSingletonsInstantiated() {
        IdempotencySettings configured = operations.settings();
        if (!configured.isAnyEnabled()) {
            LOG.warn("idempotent.enabled is false: no method is protected");
            return;
        }
        Map<String, DeclaredOperation> names = new HashMap<>();
        Set<String> known = new TreeSet<>();
        boolean partial =
                beanFactory.getBeanProvider(PartialApplication.class).iterator().hasNext();
        Set<String> beanNames = new LinkedHashSet<>(Arrays.asList(beanFactory.getBeanDefinitionNames()));
        beanNames.addAll(Arrays.asList(beanFactory.getSingletonNames()));
        for (String beanName : beanNames) {
            partial |= check(beanName, names, known);
        }
        beanFactory.getBeanProvider(OperationDeclarer.class).orderedStream().forEach(declarer -> {
            for (DeclaredOperation declared : declarer.declare(operations)) {
                checkName(names, declared);
            }
        });
        if (!configured.operations().isEmpty()) {
            names.values().forEach(named -> known.add(named.name().text()));
            checkUnknown(configured, known, partial);
        }
    }

    static Set<Method> idempotentMethods(OperationSource source, Class<?> targetClass) {
        return source.isCandidate(targetClass)
                ? MethodIntrospector.selectMethods(
                        targetClass, (Method method) -> source.isIdempotent(method, targetClass))
                : Set.of();
    }

    /** Checks a bean; tells whether it is a mock, which stands for a bean of unknown operations. */
    private boolean check(String beanName, Map<String, DeclaredOperation> names, Set<String> unprotected) {
        // A scoped bean's proxy is checked by its target.
        if (beanFactory.containsBeanDefinition(ScopedProxyUtils.getTargetBeanName(beanName))) {
            return false;
        }
        Object existing = existing(beanName);
        Class<?> type = existing != null
                ? AopProxyUtils.ultimateTargetClass(existing)
                : AnnotatedMethods.targetClass(beanFactory, beanName);
        if (type == null) {
            return false;
        }
        Class<?> targetClass = ClassUtils.getUserClass(type);
        Set<Method> methods = idempotentMethods(source, targetClass);
        if (existing != null && !methods.isEmpty()) {
            Object target = AopProxyUtils.getSingletonTarget(existing);
            if (Mocks.isMock(target == null ? existing : target)) {
                return true;
            }
            if (isRegisteredAsObject(beanName, existing)) {
                warnOfObject(beanName, targetClass);
                for (Method method : methods) {
                    OperationName name = support.name(method, targetClass);
                    if (name != null) {
                        unprotected.add(name.text());
                    }
                }
                return false;
            }
        }
        if (!methods.isEmpty()) {
            Bean bean = new Bean(
                    beanName,
                    existing,
                    targetClass,
                    existing == null ? 1 : interceptions(existing),
                    MergedAnnotations.from(targetClass, SearchStrategy.TYPE_HIERARCHY));
            for (Method method : methods) {
                check(bean, method, names);
            }
        }
        return false;
    }

    private boolean isRegisteredAsObject(String beanName, Object existing) {
        return guard != null && interceptions(existing) == 0 && guard.isRegisteredAsObject(beanName, beanFactory);
    }

    private static void warnOfObject(String beanName, Class<?> targetClass) {
        LOG.warn("The bean '" + beanName + "' of type " + targetClass.getName() + " has idempotent methods, and was"
                + " registered as an object, which Spring does not proxy: its calls are not protected. Register a"
                + " definition of the bean, registerBean(type, supplier) say, or register what the bean factory's"
                + " applyBeanPostProcessorsAfterInitialization returns for the object");
    }

    private void check(Bean bean, Method method, Map<String, DeclaredOperation> names) {
        Class<?> targetClass = bean.targetClass();
        String described = MethodNames.describe(method, targetClass);
        if (Modifier.isStatic(method.getModifiers())) {
            throw new IdempotencyConfigurationException(
                    described + " is static and cannot be intercepted", "Make it an instance method of a bean");
        }
        if (MergedAnnotations.from(method).isPresent(BEAN_ANNOTATION)) {
            throw new IdempotencyConfigurationException(
                    described + " makes a bean, and calls of it are not requests",
                    "Annotate the methods of the bean that it makes");
        }
        Method invoked = interception == Interception.PROXY
                ? checkProxied(bean, method, described)
                : checkWoven(method, described);
        ProtectedMethod resolved = support.resolve(invoked, targetClass);
        if (resolved != null) {
            resolved.recoverBy(() -> beanFactory.getBean(bean.name()));
        }
        // What is switched off has a name all the same.
        OperationName name = resolved == null ? support.name(invoked, targetClass) : resolved.name();
        if (name != null) {
            checkName(names, new DeclaredOperation(name, bean.name(), described));
        }
        if (resolved == null || name == null) {
            return;
        }
        if (resolved.isRepeatedLater() && interception == Interception.WEAVING) {
            throw new IdempotencyConfigurationException(
                    described + " is woven, and may run more than once after it has returned, by a retry or for each"
                            + " subscriber: other aspects of the method would be left out then",
                    "Use the mode PROXY, or let it return its result itself, or a CompletableFuture without retry");
        }
        if (resolved.isRetried() && interception == Interception.WEAVING) {
            checkTransaction(bean, method, described);
        }
        if (!name.said() && !resolved.engine().store().keepsReferences()) {
            LOG.info(described + " is the operation '" + name.text()
                    + "', named by class and method: say operation = \"" + name.text()
                    + "\", so that renaming one of them does not lose its records");
        }
        warnOfCommits(resolved, method, described);
        MergedAnnotations ofMethod = MergedAnnotations.from(method, SearchStrategy.TYPE_HIERARCHY);
        for (String outerRetry : OUTER_RETRIES) {
            if (ofMethod.isPresent(outerRetry) || bean.annotations().isPresent(outerRetry)) {
                LOG.warn(described + " is also annotated with @" + ClassUtils.getShortName(outerRetry)
                        + ", whose retries stand outside: each is a call of its own, answered by the record or refused"
                        + " while it is in progress. Use @Idempotent(retry = …) to retry within one claim");
            }
        }
    }

    /** A failure on which the method's transaction commits leaves work behind of which no record tells. */
    private static void warnOfCommits(ProtectedMethod resolved, Method method, String described) {
        for (Class<?> declared : method.getExceptionTypes()) {
            Class<? extends Throwable> failure = declared.asSubclass(Throwable.class);
            if (resolved.commitsUnrecorded(failure)) {
                LOG.warn(described + " commits its transaction when it throws " + failure.getName()
                        + ", and no outcome is recorded, though its work stands: the key is abandoned. Say"
                        + " @Transactional(rollbackFor = " + failure.getSimpleName()
                        + ".class) to undo it, or @Idempotent(recordFailures = " + failure.getSimpleName()
                        + ".class) if the failure is final");
            }
        }
    }

    /** Checks that a proxy can intercept the method, and gives the method as the proxy is asked for it. */
    private Method checkProxied(Bean bean, Method method, String described) {
        Class<?> targetClass = bean.targetClass();
        boolean interfaces = bean.existing() != null
                ? AopUtils.isJdkDynamicProxy(bean.existing())
                : proxyKind.isByInterfaces(bean.name(), targetClass);
        if (bean.interceptions() > 1) {
            throw new IdempotencyConfigurationException(
                    "The bean '" + bean.name() + "' with " + described
                            + " is proxied twice: the inner proxy would refuse" + " the key that the outer one holds",
                    "Keep one creator of proxies: leave out the DefaultAdvisorAutoProxyCreator, or what else makes"
                            + " proxies beside Spring's own");
        }
        if (bean.interceptions() == 0) {
            checkOverridable(method, targetClass, described);
            throw EarlyBeanGuard.madeTooEarly(bean.name(), described);
        }
        if (!interfaces) {
            checkOverridable(method, targetClass, described);
            return method;
        }
        for (Class<?> candidate : ClassUtils.getAllInterfacesForClass(targetClass)) {
            for (Method declared : candidate.getMethods()) {
                if (declared.equals(method)
                        || AopUtils.getMostSpecificMethod(declared, targetClass).equals(method)) {
                    return declared;
                }
            }
        }
        throw new IdempotencyConfigurationException(
                "The bean '" + bean.name() + "' is proxied by its interfaces, none of which has " + described
                        + ": no caller can reach it",
                "Declare the method in an interface, or proxy the class: proxyTargetClass = true, or"
                        + " spring.aop.proxy-target-class=true");
    }

    static void checkOverridable(Method method, Class<?> targetClass, String described) {
        if (Modifier.isFinal(targetClass.getModifiers()) && !targetClass.isInterface()) {
            throw new IdempotencyConfigurationException(
                    described + " cannot be intercepted, since its class is final",
                    "Make the class not final, let it implement an interface with the method, or weave it");
        }
        if (Modifier.isPrivate(method.getModifiers()) || Modifier.isFinal(method.getModifiers())) {
            throw new IdempotencyConfigurationException(
                    described + " cannot be intercepted by a proxy, since it is "
                            + (Modifier.isPrivate(method.getModifiers()) ? "private" : "final"),
                    "Make it a method that can be overridden, or weave the class");
        }
    }

    private Method checkWoven(Method method, String described) {
        if (!source.isDeclaredOnClass(method)) {
            throw new IdempotencyConfigurationException(
                    described
                            + " does not carry the annotation itself, or by one that is composed of it, but has it from"
                            + " an interface, an overridden method or over several compositions, which weaving does not"
                            + " see",
                    "Annotate the method of the class");
        }
        if (!isWoven(method)) {
            throw new IdempotencyConfigurationException(
                    "The class of " + described
                            + " is not woven, though the mode is ASPECTJ: its calls are not protected",
                    "Start with the weaving agent and an aop.xml that includes the class, weave at compile time,"
                            + " or use the"
                            + " mode PROXY");
        }
        return method;
    }

    /**
     * Whether there is the method that AspectJ makes of a woven one's body: static, the object before the arguments.
     */
    private static boolean isWoven(Method method) {
        List<Class<?>> parameters = new ArrayList<>();
        parameters.add(method.getDeclaringClass());
        parameters.addAll(Arrays.asList(method.getParameterTypes()));
        return Arrays.stream(method.getDeclaringClass().getDeclaredMethods())
                .filter(candidate -> candidate.getName().startsWith(method.getName() + "_aroundBody"))
                .map(candidate -> Arrays.asList(candidate.getParameterTypes()))
                .anyMatch(candidate -> candidate.size() >= parameters.size()
                        && candidate.subList(0, parameters.size()).equals(parameters));
    }

    /** A transaction's proxy is outside of woven classes, and so would be one for all attempts. */
    private void checkTransaction(Bean bean, Method method, String described) {
        MergedAnnotations ofMethod = MergedAnnotations.from(method, SearchStrategy.TYPE_HIERARCHY);
        if (beanFactory.containsBean(TRANSACTION_ADVISOR)
                && TRANSACTIONAL.stream()
                        .anyMatch(annotation -> ofMethod.isPresent(annotation)
                                || bean.annotations().isPresent(annotation))) {
            throw new IdempotencyConfigurationException(
                    described + " retries inside of its transaction: its class is woven, but its transaction is a"
                            + " proxy's, which is outside, so that all attempts would share one",
                    "Weave transactions too, by @EnableTransactionManagement(mode = ASPECTJ), or do not retry, or"
                            + " use the"
                            + " mode PROXY");
        }
    }

    private void checkName(Map<String, DeclaredOperation> names, DeclaredOperation named) {
        DeclaredOperation before =
                names.putIfAbsent(IdempotencySettings.normalized(named.name().text()), named);
        if (before == null) {
            return;
        }
        boolean same = before.name().text().equals(named.name().text());
        if (same && before.name().said() && named.name().said()) {
            checkRecovered(before, named);
            return;
        }
        throw new IdempotencyConfigurationException(
                before.described() + " of the bean '" + before.beanName() + "' and " + named.described()
                        + " of the bean '" + named.beanName() + "' are both the operation '"
                        + named.name().text()
                        + "'" + (same ? "" : ", which '" + before.name().text() + "' equals by letters and digits")
                        + ", and so would answer each other's keys",
                "Give each an operation of its own, or the same one on both if they are one operation");
    }

    /** A record says by its operation's name alone what is called to finish it. */
    private void checkRecovered(DeclaredOperation before, DeclaredOperation named) {
        String name = named.name().text();
        if (operations.ofOperation(name).stream().anyMatch(known -> known.recovery() != null)) {
            throw new IdempotencyConfigurationException(
                    before.described() + " of the bean '" + before.beanName() + "' and " + named.described()
                            + " of the bean '" + named.beanName() + "' are both the operation '" + name
                            + "', which is to be recovered: which of them to call is not clear",
                    "Give each an operation of its own, or do without recover");
        }
    }

    private static void checkUnknown(IdempotencySettings configured, Set<String> known, boolean partial) {
        Set<String> unknown = configured.unknownOperations(known);
        if (unknown.isEmpty()) {
            return;
        }
        IdempotencyConfigurationException problem = new IdempotencyConfigurationException(
                "There are settings for the operations " + unknown + ", which nothing declares; declared are " + known,
                "Correct the names at idempotent.operations, or set idempotent.unknown-operations=warn if other"
                        + " applications share these properties");
        if (partial) {
            LOG.debug(problem.getMessage());
        } else if (configured.global().unknownOperations() == UnknownOperations.FAIL) {
            throw problem;
        } else {
            LOG.warn(problem.getMessage());
        }
    }

    /** The bean itself, if it is a singleton that has been made, and not what a factory bean makes. */
    private @Nullable Object existing(String beanName) {
        Object singleton = beanFactory.containsSingleton(beanName) ? beanFactory.getSingleton(beanName) : null;
        return singleton instanceof FactoryBean<?> ? null : singleton;
    }

    /** How often a call of the bean is intercepted, by proxies of proxies. */
    private static long interceptions(Object bean) {
        long interceptions = 0;
        Object next = bean;
        while (next instanceof Advised advised) {
            for (Advisor advisor : advised.getAdvisors()) {
                interceptions += advisor instanceof IdempotencyAdvisor ? 1 : 0;
            }
            next = AopProxyUtils.getSingletonTarget(next);
        }
        return interceptions;
    }

    /**
     * A bean with idempotent methods.
     *
     * @param existing the bean itself, if it has been made
     * @param interceptions how often its calls are intercepted
     * @param annotations those of its class
     */
    private record Bean(
            String name,
            @Nullable Object existing,
            Class<?> targetClass,
            long interceptions,
            MergedAnnotations annotations) {}
}
