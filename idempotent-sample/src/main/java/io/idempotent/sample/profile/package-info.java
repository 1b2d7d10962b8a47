/**
 * The real servers that the sample's profiles run on. An application has its own, and names them by {@code
 * spring.datasource.url} and the like: nothing here is needed then.
 *
 * <p>Depends on the servers that the library's tests run on.
 */
@NullMarked
package io.idempotent.sample.profile;

import org.jspecify.annotations.NullMarked;
