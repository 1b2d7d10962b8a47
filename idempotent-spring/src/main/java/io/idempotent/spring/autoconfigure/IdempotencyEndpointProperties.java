package io.idempotent.spring.autoconfigure;

import java.util.Set;
import org.springframework.boot.actuate.endpoint.Show;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What can be set for the endpoint.
 *
 * @param showValues When to show what operations produced.
 * @param roles Roles that are authorized to see it. Everybody who is authenticated by default.
 */
@ConfigurationProperties("management.endpoint.idempotency")
record IdempotencyEndpointProperties(
        @DefaultValue("never") Show showValues,
        @DefaultValue Set<String> roles) {}
