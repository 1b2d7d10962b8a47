/** Tests of the Actuator endpoint and of health, over HTTP. */
@NullMarked
package io.idempotent.spring.actuate;

import org.jspecify.annotations.NullMarked;
