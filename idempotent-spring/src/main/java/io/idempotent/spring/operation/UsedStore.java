package io.idempotent.spring.operation;

import io.idempotent.engine.IdempotencyEngine;

/**
 * A store that operations use.
 *
 * @param name the name of its bean, without {@value IdempotencyEngines#STORE_SUFFIX}
 * @param type the class of its bean
 * @param engine what runs the operations on it
 */
public record UsedStore(String name, Class<?> type, IdempotencyEngine engine) {}
