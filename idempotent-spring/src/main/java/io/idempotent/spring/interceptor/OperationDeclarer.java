package io.idempotent.spring.interceptor;

import java.util.Collection;

/**
 * A bean that declares operations which are not methods whose calls are intercepted: HTTP endpoints, say. Asked once, when all
 * singletons are made.
 */
@FunctionalInterface
public interface OperationDeclarer {

    /**
     * Declares its operations, each by {@link IdempotencySupport#configure}, and checks that they can be protected.
     *
     * @param support resolves what is declared
     * @return what it declares, protected or switched off
     * @throws io.idempotent.IdempotencyConfigurationException if something cannot be protected as it is declared
     */
    Collection<DeclaredOperation> declare(IdempotencySupport support);

    /**
     * One operation.
     *
     * @param name its name
     * @param said whether that was declared, and not made of class and method
     * @param beanName the bean that has it
     * @param described what it is in the code, for messages
     */
    record DeclaredOperation(String name, boolean said, String beanName, String described) {}
}
