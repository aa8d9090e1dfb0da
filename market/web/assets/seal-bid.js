/* Seals a bid, or a submission to a challenge, in the browser with Web Crypto alone, before anything is sent: HPKE
   (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM. The format is that of
   market/sealing/envelope.py. A hall serves this file; Web Crypto is there over HTTPS and on the local machine alone.

   import { sealBid, sealSubmission } from "/assets/seal-bid.js";
   const rules = await (await fetch(`/api/v1/rounds/${round}/rules`)).arrayBuffer();
   const sealed = await sealBid({ rules, registrationId, amount: "123456.00" });   // base64, for {"sealed": …}

   `rules` are those of the round or the challenge exactly as its address serves them: a string, an ArrayBuffer or a
   Uint8Array. */

const SUITE = "DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM";
const MAGIC = new Uint8Array([0x52, 0x48, 0x53, 0x45, 0x41, 0x4c, 0x00, 0x01]);
const HEADER = MAGIC.length + 16 + 32 + 16;
const KEM_ID = join(text("KEM"), number(0x0020, 2));
const HPKE_ID = join(text("HPKE"), number(0x0020, 2), number(0x0001, 2), number(0x0001, 2));
const NOTHING = new Uint8Array(0);

/** A sealed bid of `amount`, a decimal string in the currency of the round, in base64. */
export async function sealBid({ rules, registrationId, amount }) {
  return seal(rules, "round", registrationId, (said) => ({
    amount: minorUnits(amount, said.opening.decimals),
    currency: said.currency,
  }));
}

/** A sealed submission of `solution`, an object as the API takes it, by an organisation, in base64. */
export async function sealSubmission({ rules, organisationId, solution }) {
  return seal(rules, "challenge", organisationId, () => solution);
}

/** The blob of what `content` makes of the rules, for the subject that they name under `kind`, in base64. */
async function seal(rules, kind, senderId, content) {
  const document = typeof rules === "string" ? text(rules) : new Uint8Array(rules);
  const said = JSON.parse(new TextDecoder().decode(document));
  const opening = said.opening;
  if (!said[kind]) throw new Error(`these are not the rules of a ${kind}`);
  if (!opening) throw new Error("the bids of this round are not sealed");
  if (opening.suite !== SUITE) throw new Error(`this program knows ${SUITE}, not ${opening.suite}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", document));
  const sender = senderId.toLowerCase();
  const header = join(MAGIC, uuid(said[kind]), digest, uuid(sender));
  // Members in the order of their names and without spaces: canonical JSON (RFC 8785).
  const info = JSON.stringify({
    purpose: opening.purpose,
    rules_sha256: hex(digest),
    sender,
    subject: said[kind],
  });
  const plain = text(JSON.stringify(content(said)));
  const padded = new Uint8Array(opening.blob_bytes - HEADER - 32 - 16);
  if (plain.length + 4 > padded.length) throw new Error(`at most ${padded.length - 4} bytes can be sealed`);
  padded.set(number(plain.length, 4));
  padded.set(plain, 4);
  return base64(join(header, await encrypt(padded, bytes(opening.public_key), text(info))));
}

/** HPKE's encapsulated key followed by the ciphertext. */
async function encrypt(plaintext, publicKey, info) {
  const pair = await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const theirs = await crypto.subtle.importKey("raw", publicKey, { name: "X25519" }, false, []);
  const dh = new Uint8Array(
    await crypto.subtle.deriveBits({ name: "X25519", public: theirs }, pair.privateKey, 256),
  );
  const eae = await labeledExtract(KEM_ID, NOTHING, "eae_prk", dh);
  const shared = await labeledExpand(KEM_ID, eae, "shared_secret", join(enc, publicKey), 32);
  const context = join(
    number(0, 1), // base mode
    await labeledExtract(HPKE_ID, NOTHING, "psk_id_hash", NOTHING),
    await labeledExtract(HPKE_ID, NOTHING, "info_hash", info),
  );
  const secret = await labeledExtract(HPKE_ID, shared, "secret", NOTHING);
  const key = await labeledExpand(HPKE_ID, secret, "key", context, 16);
  const nonce = await labeledExpand(HPKE_ID, secret, "base_nonce", context, 12);
  const cipher = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, cipher, plaintext);
  return join(enc, new Uint8Array(sealed));
}

function labeledExtract(suite, salt, label, material) {
  return hmac(salt.length ? salt : new Uint8Array(32), join(text("HPKE-v1"), suite, text(label), material));
}

/** At most 32 bytes: one block of HKDF-Expand. */
async function labeledExpand(suite, secret, label, info, length) {
  const labeled = join(number(length, 2), text("HPKE-v1"), suite, text(label), info);
  return (await hmac(secret, join(labeled, number(1, 1)))).slice(0, length);
}

async function hmac(key, data) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

/** A decimal amount in whole minor units, without ever being a fraction. */
function minorUnits(amount, decimals) {
  const found = /^([0-9]{1,14})(?:\.([0-9]{1,4}))?$/.exec(amount);
  const fraction = found ? (found[2] ?? "").padEnd(decimals, "0") : "";
  const units = found && !/[1-9]/.test(fraction.slice(decimals)) ? Number(found[1] + fraction.slice(0, decimals)) : 0;
  if (!Number.isSafeInteger(units) || units <= 0) {
    throw new Error(`${amount} is not an amount with at most ${decimals} decimal places`);
  }
  return units;
}

function text(string) {
  return new TextEncoder().encode(string);
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** Piece by piece: a call takes no 65,000 arguments everywhere. */
function base64(raw) {
  let letters = "";
  for (let place = 0; place < raw.length; place += 4096) {
    letters += String.fromCharCode(...raw.subarray(place, place + 4096));
  }
  return btoa(letters);
}

function hex(raw) {
  return Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function uuid(string) {
  return Uint8Array.from(string.replaceAll("-", "").match(/../g), (pair) => parseInt(pair, 16));
}

/** A whole number in `length` bytes, the greatest first. */
function number(value, length) {
  return Uint8Array.from({ length }, (_, place) => (value >>> (8 * (length - 1 - place))) & 0xff);
}

function join(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    joined.set(part, place);
    place += part.length;
  }
  return joined;
}
