/** Stores that are broken on purpose, and the test that the contract notices each of them. */
@NullMarked
package io.idempotent.store.broken;

import org.jspecify.annotations.NullMarked;
