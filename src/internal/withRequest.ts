/** A response with another request than the one that was sent. */
import * as Effect from "effect/Effect"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as Inspectable from "effect/Inspectable"
import { pipeArguments } from "effect/Pipeable"
import * as Stream from "effect/Stream"

type Response = HttpClientResponse.HttpClientResponse

class ResponseWithRequest extends Inspectable.Class implements Response {
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  // Private at run time too: printing the properties of a response must not show the request that was sent.
  readonly #original: Response
  readonly request: HttpClientRequest.HttpClientRequest

  constructor(original: Response, request: HttpClientRequest.HttpClientRequest) {
    super()
    this.#original = original
    this.request = request
  }

  readonly #withOwnRequest = ({ reason }: HttpClientError.HttpClientError): HttpClientError.HttpClientError =>
    new HttpClientError.HttpClientError({ reason: this.#ownReason(reason) })

  readonly #ownReason = (reason: HttpClientError.HttpClientErrorReason): HttpClientError.HttpClientErrorReason => {
    const own: { readonly request: HttpClientRequest.HttpClientRequest; readonly response: Response } = {
      request: this.request,
      response: this
    }
    switch (reason._tag) {
      case "StatusCodeError":
        return new HttpClientError.StatusCodeError({ ...reason, ...own })
      case "DecodeError":
        return new HttpClientError.DecodeError({ ...reason, ...own })
      case "EmptyBodyError":
        return new HttpClientError.EmptyBodyError({ ...reason, ...own })
      case "TransportError":
        return new HttpClientError.TransportError({ ...reason, request: this.request })
      case "EncodeError":
        return new HttpClientError.EncodeError({ ...reason, request: this.request })
      case "InvalidUrlError":
        return new HttpClientError.InvalidUrlError({ ...reason, request: this.request })
    }
  }

  pipe() {
    return pipeArguments(this, arguments)
  }

  get url(): Response["url"] {
    return this.#original.url
  }

  get upgrade(): Response["upgrade"] {
    return Effect.mapError(this.#original.upgrade, this.#withOwnRequest)
  }

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
      _id: "HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}

export const withRequest = (response: Response, request: HttpClientRequest.HttpClientRequest): Response =>
  new ResponseWithRequest(response, request)
