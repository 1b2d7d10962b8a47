/**
 * HTTP endpoints that are idempotent for their clients, and what clients are answered: this library's exceptions as
 * problem details of RFC 9457.
 *
 * <p>Here is what all stacks share: the annotation, the rules, what is recorded, compared and answered. Where requests
 * are served is the matter of {@code web.servlet}.
 *
 * <p>How each rule of the draft is followed, and the tests of {@code ConformanceTest} that show it:
 *
 * <table>
 *   <caption>draft-ietf-httpapi-idempotency-key-header, rule by rule</caption>
 *   <tr><th scope="col">rule<th scope="col">level<th scope="col">here<th scope="col">shown by<th scope="col">result
 *   <tr><th scope="row">K1<td>MUST<td>a String of RFC 8941, in quotes; the bare text, as most clients send it, is the
 *       same key<td>{@code aKeyIsAStringOfStructuredFields}, {@code theSameTextIsTheSameKeyWithoutQuotes}<td>met
 *   <tr><th scope="row">K2<td>MUST NOT<td>a key that is used again with another payload is
 *       refused<td>{@code aKeyIsNotUsedAgainWithAnotherPayload}<td>met
 *   <tr><th scope="row">K3<td>MUST<td>a key is unique within its endpoint and its
 *       caller<td>{@code aKeyIsUniqueWithinItsEndpointAndItsCaller}<td>met
 *   <tr><th scope="row">K4<td>MAY, SHOULD<td>a response is kept for 24 hours, or for the endpoint's {@code retention};
 *       after that its key is free<td>{@code aKeyExpiresAfter24Hours}<td>met
 *   <tr><th scope="row">K5<td>MAY<td>method, path, query and body are the fingerprint, chosen headers too; an endpoint
 *       may do without<td>{@code theWholePayloadIsPartOfTheFingerprintHoweverItIsWritten},
 *       {@code anEndpointMayDoWithoutAFingerprint}<td>met
 *   <tr><th scope="row">K6<td>MAY, SHOULD<td>a key is read where an endpoint is annotated, and means nothing elsewhere;
 *       {@code required = false} takes requests without one<td>{@code anyClientMaySendAKey},
 *       {@code whereAKeyIsNotRequiredARequestWithoutOneIsProcessed}<td>met
 *   <tr><th scope="row">K7<td>MUST<td>each refusal links {@code idempotent.web.documentation}, where the application
 *       publishes its rules and its retention<td>{@code everyRefusalSaysWhereTheRulesArePublished}<td>met
 *   <tr><th scope="row">K8<td>SHOULD<td>the key is claimed before the handler runs, and completed before the response
 *       is sent<td>{@code theKeyIsClaimedBeforeTheRequestIsProcessedAndCompletedAfter}<td>met
 *   <tr><th scope="row">K9<td>SHOULD<td>the first request is processed as without the
 *       library<td>{@code theFirstRequestIsProcessedAsEver}<td>met
 *   <tr><th scope="row">K10<td>SHOULD<td>a repeated one gets the recorded response, an error too, with
 *       {@code Idempotency-Replayed: true}<td>{@code aRepeatedRequestGetsTheResultOfTheFirstBeItSuccessOrError}<td>met
 *   <tr><th scope="row">K11<td>SHOULD<td>while the first one is processed: 409, or its response within
 *       {@code waitAtMost}<td>{@code aRequestThatIsRepeatedWhileTheFirstOneIsProcessedIsAConflict},
 *       {@code anEndpointMayLetItWaitForTheResult}<td>met
 *   <tr><th scope="row">K12<td>SHOULD<td>no key, or a malformed one: 400,
 *       {@code key-missing}; a request that cannot be read: 400, {@code request-unreadable}<td>
 *       {@code aMissingKeyIsABadRequest}, {@code anApplicationMayAnswerInItsOwnWords},
 *       {@code anApplicationMayAnswerInTheCallersLanguage}<td>met
 *   <tr><th scope="row">K13<td>SHOULD<td>used again for something else: 422,
 *       {@code key-reused}<td>{@code aKeyThatIsUsedAgainForSomethingElseCannotBeProcessed}<td>met
 *   <tr><th scope="row">K14<td>SHOULD<td>still processed: 409, {@code in-progress}, with
 *       {@code Retry-After}<td>{@code aConflictSaysWhenToComeBack}<td>met
 *   <tr><th scope="row">K15<td>MUST<td>what is not corrected is refused
 *       again<td>{@code aRequestThatIsNotCorrectedIsRefusedAgain}<td>met
 *   <tr><th scope="row">K16<td>SHOULD<td>403 {@code caller-unknown}, 409 {@code outcome-unknown} and
 *       {@code not-confirmed}, 413 {@code request-too-large}, 500 {@code result-not-available}, 503
 *       {@code store-not-available} with {@code Retry-After}<td>{@code aBodyThatIsTooLongIsRefused},
 *       {@code anOutcomeThatNobodyKnowsIsAConflictOfItsOwn}, {@code aResultThatCannotBeGivenAgainIsAnError},
 *       {@code withoutItsStoreTheServiceIsNotAvailable}<td>met
 *   <tr><th scope="row">K17<td>best practice<td>1 to 255 printable ASCII characters, checked before anything is looked
 *       up<td>{@code aMalformedKeyIsRefusedBeforeAnythingIsLookedUp}, {@code aKeyHasUpTo255Characters}<td>met
 *   <tr><th scope="row">K18<td>best practice<td>joined with the endpoint and the principal, or what an
 *       {@link io.idempotent.spring.web.IdempotencyScopeResolver} says; a caller of whom nothing is known is refused,
 *       unless keys are declared to be shared<td>{@code nobodyGetsTheAnswerOfAnotherCaller},
 *       {@code aCallerOfWhomNothingIsKnownIsRefused}, {@code callersShareKeysOnlyWhereThatIsDeclared}<td>met
 * </table>
 *
 * <p>Depends on {@code io.idempotent}, its engine, {@code operation}, {@code settings}, and on spring-web, which is
 * optional. {@link io.idempotent.spring.web.IdempotencyScopeResolver} and {@link
 * io.idempotent.spring.web.RecordedResponseCustomizer}, which servlet applications implement, name the servlet API.
 * JSON is compared by Jackson 3 where it is there.
 */
@NullMarked
package io.idempotent.spring.web;

import org.jspecify.annotations.NullMarked;
