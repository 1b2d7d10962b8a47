/** What a store is tested by: the contract, and the reference that it is compared with. */
@NullMarked
package io.idempotent.store;

import org.jspecify.annotations.NullMarked;
