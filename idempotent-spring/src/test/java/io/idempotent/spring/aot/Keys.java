package io.idempotent.spring.aot;

/** A bean that expressions ask. */
class Keys {

    public String of(Request request) {
        return "key-" + request.id();
    }
}
