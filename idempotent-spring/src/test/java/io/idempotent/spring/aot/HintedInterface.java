package io.idempotent.spring.aot;

import io.idempotent.spring.annotation.Idempotent;

/** Declares a method idempotent for whoever implements it. */
interface HintedInterface {

    @Idempotent(key = "#id")
    Hinted.OfInterface ofInterface(String id);
}
