package io.idempotent.spring.operation;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;

/**
 * The name of an operation.
 *
 * @param text the name
 * @param said whether it was declared, and not made of class and method
 */
public record OperationName(String text, boolean said) {

    /**
     * Makes the name of an operation.
     *
     * @param described what the operation is in the code, for messages
     * @throws IdempotencyConfigurationException if no operation can have that name
     */
    public static OperationName of(String text, boolean said, String described) {
        if (!IdempotencyKey.isOperationName(text)) {
            throw new IdempotencyConfigurationException(
                    "'" + text + "' cannot be the operation's name of " + described,
                    "Set operation to a name of at most " + IdempotencyKey.MAXIMUM_OPERATION_LENGTH
                            + " ASCII letters, digits, hyphens or underscores");
        }
        return new OperationName(text, said);
    }
}
