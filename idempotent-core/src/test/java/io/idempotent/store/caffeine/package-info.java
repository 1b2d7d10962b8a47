/** The tests of the store that keeps its records in a Caffeine cache. */
@NullMarked
package io.idempotent.store.caffeine;

import org.jspecify.annotations.NullMarked;
