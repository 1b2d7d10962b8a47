package io.idempotent.spring.architecture.planted.observation;

import io.idempotent.spring.architecture.planted.recovery.RecoveryOnInterceptor;

/** Breaks: nobody depends on what sweeps up abandoned executions but what people look at and act by. */
final class ObservationOnRecovery {

    RecoveryOnInterceptor dependency;
}
