package io.idempotent.spring.web.reactive;

import io.idempotent.spring.web.RecordingRules;
import org.springframework.web.server.ServerWebExchange;

/**
 * What is the same for all requests.
 *
 * @param recording what is done with responses
 * @param failures answers what fails
 */
record ReactiveRules(RecordingRules<ServerWebExchange> recording, Failures failures) {}
