/**
 * A response with another request than the one that was sent.
 *
 * @since 0.1.0
 */
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Stream from "effect/Stream"

type Response = HttpClientResponse.HttpClientResponse

class ResponseWithRequest extends Inspectable.Class implements Response {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  // Private at run time too: printing the properties of a response must not show the request that was sent.
  readonly #original: Response
  readonly request: HttpClientRequest.HttpClientRequest

  constructor(original: Response, request: HttpClientRequest.HttpClientRequest) {
    super()
    this.#original = original
    this.request = request
  }

  readonly #withOwnRequest = (error: HttpClientError.ResponseError): HttpClientError.ResponseError =>
    new HttpClientError.ResponseError({ ...error, request: this.request, response: this })

  get status(): Response["status"] {
    return this.#original.status
  }

  get headers(): Response["headers"] {
    return this.#original.headers
  }

  get cookies(): Response["cookies"] {
    return this.#original.cookies
  }

  get remoteAddress(): Response["remoteAddress"] {
    return this.#original.remoteAddress
  }

  get json(): Response["json"] {
    return Effect.mapError(this.#original.json, this.#withOwnRequest)
  }

  get text(): Response["text"] {
    return Effect.mapError(this.#original.text, this.#withOwnRequest)
  }

  get urlParamsBody(): Response["urlParamsBody"] {
    return Effect.mapError(this.#original.urlParamsBody, this.#withOwnRequest)
  }

  get formData(): Response["formData"] {
    return Effect.mapError(this.#original.formData, this.#withOwnRequest)
  }

  get arrayBuffer(): Response["arrayBuffer"] {
    return Effect.mapError(this.#original.arrayBuffer, this.#withOwnRequest)
  }

  get stream(): Response["stream"] {
    return Stream.mapError(this.#original.stream, this.#withOwnRequest)
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}

/** @internal */
export const withRequest = (response: Response, request: HttpClientRequest.HttpClientRequest): Response =>
  new ResponseWithRequest(response, request)
