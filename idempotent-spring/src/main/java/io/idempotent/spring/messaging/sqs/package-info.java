/**
 * Listeners of Amazon SQS, by Spring Cloud AWS.
 *
 * <p>Depends on {@code messaging}, {@code operation}, {@code settings}, the core and spring-cloud-aws-sqs, which is
 * optional.
 */
@NullMarked
package io.idempotent.spring.messaging.sqs;

import org.jspecify.annotations.NullMarked;
