package io.idempotent.architecture.planted;

import io.idempotent.architecture.planted.store.StoreOnEngine;

/** Breaks: the root depends on nothing. */
final class RootOnStore {

    StoreOnEngine store;
}
