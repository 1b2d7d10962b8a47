package io.idempotent.transaction;

import java.sql.SQLException;

/** A transaction could not be committed, or could not be rolled back. */
public final class TransactionFailedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    TransactionFailedException(String message, SQLException cause) {
        super(message, cause);
    }
}
