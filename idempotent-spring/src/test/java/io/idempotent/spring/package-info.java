/**
 * What the whole has to withstand, on each of its stores: the failures that other libraries of this kind have, owners
 * that are suspended, and crowds of long calls; and what a call may cost.
 */
@NullMarked
package io.idempotent.spring;

import org.jspecify.annotations.NullMarked;
