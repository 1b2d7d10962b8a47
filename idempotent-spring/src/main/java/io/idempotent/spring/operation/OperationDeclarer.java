package io.idempotent.spring.operation;

import java.util.Collection;

/**
 * A bean that declares operations which are not methods whose calls are intercepted: HTTP endpoints, say. Asked once,
 * when all singletons are made.
 */
@FunctionalInterface
public interface OperationDeclarer {

    /**
     * Declares its operations, each by {@link OperationRegistry#open}, and checks that they can be protected.
     *
     * @param operations makes what is declared
     * @return what it declares, protected or switched off
     * @throws io.idempotent.IdempotencyConfigurationException if something cannot be protected as it is declared
     */
    Collection<DeclaredOperation> declare(OperationRegistry operations);

    /**
     * One operation.
     *
     * @param name its name
     * @param beanName the bean that has it
     * @param described what it is in the code, for messages
     */
    record DeclaredOperation(OperationName name, String beanName, String described) {}
}
