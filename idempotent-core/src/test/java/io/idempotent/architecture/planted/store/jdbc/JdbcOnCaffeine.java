package io.idempotent.architecture.planted.store.jdbc;

import com.github.benmanes.caffeine.cache.Ticker;

/** A store that uses another store's library. */
interface JdbcOnCaffeine extends Ticker {}
