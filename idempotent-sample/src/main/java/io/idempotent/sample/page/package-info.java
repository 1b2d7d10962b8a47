/**
 * The page that shows it happening. Watches the calls of {@code POST /payments} and the payments that are recovered
 * from outside, by Spring MVC's hooks and the library's, and keeps the latest for the page to poll.
 */
@NullMarked
package io.idempotent.sample.page;

import org.jspecify.annotations.NullMarked;
