package io.idempotent.architecture.planted.store;

import io.idempotent.architecture.planted.engine.EngineOnSpring;

/** Breaks: a store knows no engine, and nobody depends on the engine. */
public final class StoreOnEngine {

    EngineOnSpring engine;
}
