package io.idempotent.sample.gateway;

import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Answers a failure of the gateway that retries did not get through: the same request may be sent again. */
@RestControllerAdvice
class GatewayFailureAdvice {

    @ExceptionHandler
    ProblemDetail handle(GatewayException failure) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(
                HttpStatus.BAD_GATEWAY, failure.getMessage() + "; nothing was charged, so send the request again");
        problem.setTitle("Payment gateway failed");
        return problem;
    }
}
