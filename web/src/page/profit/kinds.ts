/** Files that this page is made of: bills first, then what tells orders and goods where no platform can be asked. */
export const BILLS = ['temu-bill-collection', 'temu-bill-first-mile', 'temu-bill-last-mile', 'temu-bill-deduction', 'temu-bill-parcels', 'temu-orders', 'temu-products', 'life-sales', 'life-bookings']
