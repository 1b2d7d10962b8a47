package io.idempotent.spring.transaction;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.StoreTransactions;
import io.idempotent.spring.interceptor.IdempotencyAdvisor;
import io.idempotent.spring.interceptor.MethodTransaction;
import io.idempotent.spring.interceptor.MethodTransactionSource;
import io.idempotent.store.IdempotencyStore;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.annotation.BeanFactoryAnnotationUtils;
import org.springframework.core.Ordered;
import org.springframework.transaction.ReactiveTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.TransactionManager;
import org.springframework.transaction.config.TransactionManagementConfigUtils;
import org.springframework.transaction.interceptor.DefaultTransactionAttribute;
import org.springframework.transaction.interceptor.TransactionAspectSupport;
import org.springframework.transaction.interceptor.TransactionAttribute;
import org.springframework.transaction.interceptor.TransactionAttributeSource;
import org.springframework.util.ClassUtils;
import org.springframework.util.StringUtils;

/**
 * Finds the attributes of methods' own transactions, whatever declares them: they are those that the context's advice
 * of transactions goes by. Safe for use by many threads.
 */
final class SpringTransactionSource implements MethodTransactionSource {

    // None is begun. A call in somebody else's is refused when it is made.
    private static final Set<Integer> WITHOUT = Set.of(
            TransactionDefinition.PROPAGATION_NOT_SUPPORTED,
            TransactionDefinition.PROPAGATION_NEVER,
            TransactionDefinition.PROPAGATION_SUPPORTS);

    private final BeanFactory beanFactory;
    private final CurrentTransaction current;

    // Known once a method was asked about: a search by type takes longer than all else that is done for one.
    // Found twice by two threads at worst.
    private volatile @Nullable List<TransactionAttributeSource> sources;
    private volatile @Nullable Boolean outside;

    SpringTransactionSource(BeanFactory beanFactory) {
        this.beanFactory = beanFactory;
        this.current = new CurrentTransaction(beanFactory);
    }

    @Override
    public MethodTransaction transaction(Method method, Class<?> targetClass) {
        current.watch();
        TransactionAttribute attribute = attribute(method, targetClass);
        return new SpringMethodTransaction(
                attribute, attribute == null ? null : name(attribute, method, targetClass), isOutside(), current);
    }

    @Override
    public StoreTransactions atomic(
            Method method,
            Class<?> targetClass,
            String described,
            IdempotencyStore store,
            @Nullable String transactionManager) {
        TransactionAttribute attribute = attribute(method, targetClass);
        if (attribute != null && isOutside()) {
            throw new IdempotencyConfigurationException(
                    described
                            + " is atomic, and the advice that begins its transaction stands outside of the advice that"
                            + " claims its key, so that no attempt has a transaction of its own",
                    "Give the transactions' advice an order after idempotent.order, or weave both");
        }
        return new AtomicMethods(beanFactory, current).resolve(attribute, described, store, transactionManager);
    }

    @Override
    public void checkAsync(Method method, Class<?> targetClass, String described) {
        TransactionAttribute attribute = attribute(method, targetClass);
        if (attribute != null
                && !WITHOUT.contains(attribute.getPropagationBehavior())
                && !(manager(attribute) instanceof ReactiveTransactionManager)) {
            throw new IdempotencyConfigurationException(
                    described + " returns before its work is done, and its transaction, which ends when it returns,"
                            + " is begun by no reactive transaction manager",
                    "Let it return its result itself, or let it declare no transaction, or the propagation"
                            + " NOT_SUPPORTED");
        }
    }

    @Override
    public void checkRecoverable(Method method, Class<?> targetClass, String described) {
        TransactionAttribute attribute = attribute(method, targetClass);
        if (attribute != null && attribute.getPropagationBehavior() == TransactionDefinition.PROPAGATION_MANDATORY) {
            throw new IdempotencyConfigurationException(
                    described + " is to be recovered, and needs a transaction of its caller, who is not there then",
                    "Let it declare another propagation than MANDATORY, or do without recover");
        }
    }

    /** The transaction manager that begins a method's own transaction; null if it is not clear which. */
    private @Nullable TransactionManager manager(TransactionAttribute attribute) {
        String qualifier = attribute.getQualifier();
        if (StringUtils.hasText(qualifier)) {
            return BeanFactoryAnnotationUtils.qualifiedBeanOfType(beanFactory, TransactionManager.class, qualifier);
        }
        return beanFactory.getBeanProvider(TransactionAspectSupport.class).stream()
                .map(TransactionAspectSupport::getTransactionManager)
                .filter(Objects::nonNull)
                .findFirst()
                .orElseGet(() ->
                        beanFactory.getBeanProvider(TransactionManager.class).getIfUnique());
    }

    private @Nullable TransactionAttribute attribute(Method method, Class<?> targetClass) {
        for (TransactionAttributeSource source : sources()) {
            TransactionAttribute attribute = source.getTransactionAttribute(method, targetClass);
            if (attribute != null) {
                return attribute;
            }
        }
        return null;
    }

    private List<TransactionAttributeSource> sources() {
        List<TransactionAttributeSource> known = sources;
        if (known == null) {
            known = beanFactory.getBeanProvider(TransactionAspectSupport.class).stream()
                    .map(TransactionAspectSupport::getTransactionAttributeSource)
                    .filter(Objects::nonNull)
                    .toList();
            sources = known;
        }
        return known;
    }

    /** What the advice of transactions calls a method's transaction. */
    private static String name(TransactionAttribute attribute, Method method, Class<?> targetClass) {
        if (attribute.getName() != null) {
            return attribute.getName();
        }
        String descriptor = attribute instanceof DefaultTransactionAttribute declared ? declared.getDescriptor() : null;
        return descriptor != null ? descriptor : ClassUtils.getQualifiedMethodName(method, targetClass);
    }

    /**
     * Whether the advice of transactions stands outside of ours, so that a call is in the method's own transaction
     * already when it gets to us: always where our advice is woven and theirs is a proxy's, and else as the orders say.
     */
    private boolean isOutside() {
        Boolean known = outside;
        if (known == null) {
            known = findOutside();
            outside = known;
        }
        return known;
    }

    private boolean findOutside() {
        String name = TransactionManagementConfigUtils.TRANSACTION_ADVISOR_BEAN_NAME;
        if (!beanFactory.containsBean(name)) {
            return false;
        }
        IdempotencyAdvisor ours =
                beanFactory.getBeanProvider(IdempotencyAdvisor.class).getIfAvailable();
        return ours == null
                || (beanFactory.getBean(name) instanceof Ordered theirs && theirs.getOrder() < ours.getOrder());
    }
}
