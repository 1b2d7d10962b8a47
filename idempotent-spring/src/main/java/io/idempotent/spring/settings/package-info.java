/**
 * What can be configured: records that hold the settings, by the names of the properties {@code idempotent.…}, and the
 * way to read them from an environment.
 *
 * <p>Depends on the core and on Spring's core and beans.
 */
@NullMarked
package io.idempotent.spring.settings;

import org.jspecify.annotations.NullMarked;
