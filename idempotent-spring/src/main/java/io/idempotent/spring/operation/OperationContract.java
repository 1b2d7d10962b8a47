package io.idempotent.spring.operation;

import io.idempotent.spring.settings.RetrySettings;
import org.jspecify.annotations.Nullable;

/**
 * What is declared and set for an operation beside what its engine needs to know, for people who ask what is idempotent
 * here.
 *
 * @param declaredAt where it is declared
 * @param key what makes its keys: an expression, or a header
 * @param scope what keeps callers apart; null where nothing does
 * @param fingerprint what of a request is compared
 * @param atomic whether claim, run and completion are one transaction
 * @param retry how failed attempts are repeated
 */
public record OperationContract(
        String declaredAt,
        String key,
        @Nullable String scope,
        String fingerprint,
        boolean atomic,
        RetrySettings retry) {}
