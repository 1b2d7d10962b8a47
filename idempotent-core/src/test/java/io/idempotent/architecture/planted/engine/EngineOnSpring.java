package io.idempotent.architecture.planted.engine;

import com.tngtech.archunit.lang.ArchRule;

/** Breaks: the engine needs nothing that is not the core's. Stands for Spring, which is not on this class path. */
public final class EngineOnSpring {

    ArchRule foreign;
}
