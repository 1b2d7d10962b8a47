package io.idempotent.spring.early;

import java.util.UUID;

/** What a call produced; no two are the same. */
record Token(UUID value) {}
