// Exchange rates come as billionths, an integer: digits are moved, nothing is computed.

/** 7100000000 → "7.1" */
export function rateText(billionths: number): string {
  const digits = String(billionths).padStart(10, '0')
  const rest = digits.slice(-9).replace(/0+$/, '')
  return digits.slice(0, -9) + (rest ? `.${rest}` : '')
}
