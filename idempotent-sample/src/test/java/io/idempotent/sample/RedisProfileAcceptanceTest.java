package io.idempotent.sample;

import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.context.TestPropertySource;

@NeedsServer(Server.REDIS)
@ActiveProfiles("redis")
@TestPropertySource(properties = "sample.data=./target/acceptance")
class RedisProfileAcceptanceTest extends ProfileAcceptanceContract {}
