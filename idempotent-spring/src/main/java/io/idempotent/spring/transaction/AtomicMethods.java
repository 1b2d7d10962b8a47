package io.idempotent.spring.transaction;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.StoreTransactions;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.TransactionalIdempotencyStore;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.BeansException;
import org.springframework.beans.PropertyAccessorFactory;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.annotation.BeanFactoryAnnotationUtils;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.interceptor.DefaultTransactionAttribute;
import org.springframework.transaction.interceptor.TransactionAspectSupport;
import org.springframework.transaction.interceptor.TransactionAttribute;
import org.springframework.util.StringUtils;

/**
 * Finds the transactions of atomic methods, and refuses what cannot be atomic.
 *
 * <ol>
 *   <li>The store keeps its records in a database whose transactions can be joined.
 *   <li>The method's own transaction, if it declares one, takes part in the one that is begun for it: it is neither
 *       separate nor read-only.
 *   <li>Both are begun by the same transaction manager, which is that of the store's own {@link DataSource}.
 * </ol>
 *
 * @param beanFactory has the transaction managers
 * @param current the transaction of the calling thread
 */
record AtomicMethods(BeanFactory beanFactory, CurrentTransaction current) {

    StoreTransactions resolve(
            @Nullable TransactionAttribute attribute,
            String described,
            IdempotencyStore store,
            @Nullable String transactionManager) {
        TransactionalIdempotencyStore transactional =
                CallerTransaction.JDBC_PRESENT ? store.unwrap(TransactionalIdempotencyStore.class) : null;
        if (transactional == null) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic, and the store " + store.getClass().getName()
                            + " keeps its records in no database whose transactions it could be part of",
                    "Use the JDBC store on the database that the method writes to, with spring-jdbc on the class path,"
                            + " or do without atomic");
        }
        PlatformTransactionManager manager =
                manager(attribute, described, transactional.dataSource(), transactionManager);
        EndedTransactions.watch(manager);
        return new AtomicTransactions(manager, definition(attribute, described), transactional, store, current);
    }

    private static TransactionDefinition definition(@Nullable TransactionAttribute attribute, String described) {
        if (attribute == null) {
            return new DefaultTransactionAttribute();
        }
        DefaultTransactionAttribute definition = new DefaultTransactionAttribute(attribute);
        String descriptor = attribute instanceof DefaultTransactionAttribute declared ? declared.getDescriptor() : null;
        if (definition.getName() == null && descriptor != null) {
            // As the advice of transactions names those that it begins itself.
            definition.setName(descriptor);
        }
        switch (attribute.getPropagationBehavior()) {
            case TransactionDefinition.PROPAGATION_REQUIRED, TransactionDefinition.PROPAGATION_MANDATORY -> {}
            case TransactionDefinition.PROPAGATION_SUPPORTS ->
                definition.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRED);
            default ->
                throw new IdempotencyConfigurationException(
                        described + " is atomic, and its own transaction is " + propagation(attribute)
                                + ": it would not be the one that the key is claimed in",
                        "Use the propagation REQUIRED, let it declare no transaction, or do without atomic");
        }
        if (attribute.isReadOnly()) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic, and its own transaction is read-only: its key could not be claimed in it",
                    "Make the transaction one that writes, or do without @Idempotent where nothing is written");
        }
        return definition;
    }

    private static String propagation(TransactionAttribute attribute) {
        return switch (attribute.getPropagationBehavior()) {
            case TransactionDefinition.PROPAGATION_REQUIRES_NEW -> "REQUIRES_NEW";
            case TransactionDefinition.PROPAGATION_NESTED -> "NESTED";
            case TransactionDefinition.PROPAGATION_NOT_SUPPORTED -> "NOT_SUPPORTED";
            case TransactionDefinition.PROPAGATION_NEVER -> "NEVER";
            default -> "of the propagation " + attribute.getPropagationBehavior();
        };
    }

    private PlatformTransactionManager manager(
            @Nullable TransactionAttribute attribute,
            String described,
            DataSource dataSource,
            @Nullable String transactionManager) {
        String qualifier = attribute == null ? null : attribute.getQualifier();
        PlatformTransactionManager own =
                find(StringUtils.hasText(qualifier) ? qualifier : transactionManager, described);
        if (attribute != null && transactionManager != null && own != find(transactionManager, described)) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic with the transaction manager '" + transactionManager
                            + "', and its own transaction is begun by '" + qualifier + "'",
                    "Name the same transaction manager for both");
        }
        if (attribute != null && !StringUtils.hasText(qualifier) && own != find(null, described)) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic with the transaction manager '" + transactionManager
                            + "', and its own transaction is begun by the default one",
                    "Name the same transaction manager for both, by @Transactional(transactionManager = \""
                            + transactionManager + "\")");
        }
        if (dataSource(own) != dataSource) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic, and its transaction manager "
                            + own.getClass().getName()
                            + " does not begin transactions on the very DataSource that the store keeps its records in",
                    "Set transactionManager to the bean name of one that does, or idempotent.jdbc.data-source to the"
                            + " DataSource of this one");
        }
        return own;
    }

    /** The transaction manager of a name or qualifier; for null the default one of the advice of transactions. */
    private PlatformTransactionManager find(@Nullable String name, String described) {
        try {
            return name == null
                    ? beanFactory.getBeanProvider(TransactionAspectSupport.class).stream()
                            .map(TransactionAspectSupport::getTransactionManager)
                            .filter(PlatformTransactionManager.class::isInstance)
                            .map(PlatformTransactionManager.class::cast)
                            .findFirst()
                            .orElseGet(() -> beanFactory.getBean(PlatformTransactionManager.class))
                    : BeanFactoryAnnotationUtils.qualifiedBeanOfType(
                            beanFactory, PlatformTransactionManager.class, name);
        } catch (BeansException failure) {
            throw new IdempotencyConfigurationException(
                    described + " is atomic, and it is not clear which transaction manager begins its transactions: "
                            + failure.getMessage(),
                    "Declare one for the store's DataSource, or set transactionManager to its bean name",
                    failure);
        }
    }

    /** The data source of a transaction manager, for plain JDBC or for JPA. */
    private static @Nullable Object dataSource(PlatformTransactionManager manager) {
        BeanWrapper properties = PropertyAccessorFactory.forBeanPropertyAccess(manager);
        return properties.isReadableProperty("dataSource") ? properties.getPropertyValue("dataSource") : null;
    }
}
