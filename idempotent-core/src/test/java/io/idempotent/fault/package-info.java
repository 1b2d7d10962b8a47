/**
 * The fault test: the network between an engine and a store fails at each request of a call in turn, and afterwards it
 * is looked at whether the promise held. A test of another store extends {@link
 * io.idempotent.fault.NetworkFaultContract}.
 *
 * <p>Depends on {@code io.idempotent}, {@code codec}, {@code store}, {@code engine} and {@code io.idempotent.server}.
 */
@NullMarked
package io.idempotent.fault;

import org.jspecify.annotations.NullMarked;
