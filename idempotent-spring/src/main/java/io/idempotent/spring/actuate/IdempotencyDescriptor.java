package io.idempotent.spring.actuate;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;

/**
 * What is idempotent here, and what of it has no outcome.
 *
 * @param operations the declared operations
 * @param records one page of the records without an outcome; null where nobody asked for records
 * @param next what {@code after} has to be for the next page; null on the last
 */
public record IdempotencyDescriptor(
        List<OperationDescriptor> operations,
        @Nullable List<RecordDescriptor> records,
        @Nullable String next) implements OperationResponseBody {}
